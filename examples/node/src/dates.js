const DAY_MS = 24 * 60 * 60 * 1000;

/** The day by which an invoice is to be paid; a weekend counts as the Monday after it. */
export function dueDate(issued, days) {
  const due = new Date(issued.getTime() + days * DAY_MS);
  const weekday = due.getUTCDay();
  const wait = weekday === 6 ? 2 : weekday === 0 ? 1 : 0;
  return new Date(due.getTime() + wait * DAY_MS);
}

/** Whether an invoice should have been paid before `today`. */
export function isOverdue(issued, days, today) {
  return today.getTime() > dueDate(issued, days).getTime();
}

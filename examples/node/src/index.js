export { Invoice } from './invoice.js';
export { dueDate, isOverdue } from './dates.js';
export { format, parse } from './money.js';

// How long each test may take: a limit for all, one for some, and a budget for those that reach theirs.
'use strict';

const LOADING = 4; // files take so many times the limit of a test to load, at most,
const LOADING_LEAST_S = 10; // or this
const MAX_ALONE = 300; // tests of a suite that get a process of their own

class Limits {
  #job;
  #budget;
  #alone = 0;

  constructor(job) {
    this.#job = job;
    this.#budget = job.hang_budget_s;
  }

  /** The limit of a test in seconds: its own, or that of all, which is a quarter once the budget is used up. */
  of(id) {
    return this.#job.limits[id] ?? (this.#budget > 0 ? this.#job.case_limit_s : this.#job.case_limit_s / 4);
  }

  get loading_s() {
    return Math.max(LOADING_LEAST_S, LOADING * this.#job.case_limit_s);
  }

  /** Whether one more test gets a process of its own. */
  mayRunAlone() {
    this.#alone += 1;
    return this.#alone <= MAX_ALONE;
  }

  reached(id) {
    this.#budget -= this.of(id);
  }
}

module.exports = { Limits };

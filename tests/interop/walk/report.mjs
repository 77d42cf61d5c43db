// Named cases, each with its assertions counted; a failing one says what it expected and what came.

import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** A case that takes longer hangs. */
const PATIENCE = 60_000;

export class Report {
  #sections = [];
  #assertions = 0;

  /** `verbose` prints each case as it ends; failures are always printed. */
  constructor({ verbose }) {
    this.verbose = verbose;
  }

  section(title) {
    this.#sections.push({ title, cases: [] });
    console.log(`\n## ${title}`);
  }

  /** Runs one case. `body` gets `check(what, condition, seen)`; the case passes when every check holds. */
  async case(name, body) {
    const started = performance.now();
    const faults = [];
    let checks = 0;
    const check = (what, holds, seen) => {
      checks += 1;
      if (!holds) faults.push(seen === undefined ? what : `${what}; seen: ${shown(seen)}`);
    };
    try {
      await Promise.race([body(check), tooLong()]);
      if (checks === 0) faults.push('nothing was asserted');
    } catch (fault) {
      faults.push(fault.cause ? `${fault.message}: ${fault.cause.message ?? fault.cause}` : fault.stack);
    }
    this.#assertions += checks;
    this.#sections.at(-1).cases.push({ name, faults });
    if (faults.length > 0) {
      console.log(`FAILED  ${name}`);
      for (const fault of faults) console.log(`        ${fault}`);
    } else if (this.verbose) {
      console.log(`ok      ${name}  (${checks} assertions, ${Math.round(performance.now() - started)} ms)`);
    }
  }

  /** A part that cannot run here, and why: said, never silent. */
  skip(name, why) {
    console.log(`skipped ${name}: ${why}`);
  }

  /** Prints the sums; answers whether everything passed. */
  finish() {
    console.log('\n## Sum');
    let [passed, failed] = [0, 0];
    for (const { title, cases } of this.#sections) {
      const bad = cases.filter(({ faults }) => faults.length > 0).length;
      passed += cases.length - bad;
      failed += bad;
      console.log(`${title}: ${cases.length - bad} passed, ${bad} failed`);
    }
    console.log(`interop: ${passed} passed, ${failed} failed (${this.#assertions} assertions)`);
    return failed === 0 && passed > 0;
  }
}

async function tooLong() {
  await delay(PATIENCE, undefined, { ref: false });
  throw new Error(`not done after ${PATIENCE / 1000} s`);
}

function shown(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}

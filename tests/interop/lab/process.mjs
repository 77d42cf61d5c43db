// Child processes of a run: started, watched, and all of them ended, whatever way the run ends.

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const running = new Set();

/** Starts a program in a process group of its own; its output goes to `log`, and each line to `onLine`. */
export function start(name, command, args, { env, cwd, log, onLine } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const sink = createWriteStream(log, { flags: 'a' });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      sink.write(`${line}\n`);
      onLine?.(line);
    });
  }
  const started = { name, child, log, ended: false, status: undefined };
  started.end = new Promise((resolve) => {
    const done = (status) => {
      started.ended = true;
      started.status = status;
      running.delete(started);
      resolve(status);
    };
    child.once('error', (fault) => done(fault.message));
    child.once('exit', (code, signal) => done(signal ?? code));
  });
  running.add(started);
  return started;
}

/** Asks a child to end, waits, and kills its group when it does not listen. Answers its exit status or signal. */
export async function stop(started, patience = 15_000) {
  if (!started.ended) {
    signal(started, 'SIGTERM', false);
    await Promise.race([started.end, delay(patience, undefined, { ref: false })]);
    if (!started.ended) signal(started, 'SIGKILL', true);
  }
  return started.end;
}

/** Ends every child that is still there. */
export async function stopAll() {
  await Promise.all([...running].map((started) => stop(started)));
}

/** Polls `probe` until it answers something truthy; fails when `child` ends first or the time is over. */
export async function ready(child, probe, seconds) {
  const until = Date.now() + seconds * 1000;
  let last = 'no answer yet';
  while (Date.now() < until) {
    if (child.ended) throw new Error(`${child.name} ended (${child.status}) before it was ready; see ${child.log}`);
    try {
      const answer = await probe();
      if (answer) return answer;
    } catch (fault) {
      last = fault.cause?.message ?? fault.message;
    }
    await Promise.race([child.end, delay(150)]);
  }
  throw new Error(`${child.name} was not ready within ${seconds} s (${last}); see ${child.log}`);
}

/** A port on 127.0.0.1 that was free a moment ago, for programs that cannot be told to choose one. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function signal(started, name, group) {
  try {
    process.kill(group ? -started.child.pid : started.child.pid, name);
  } catch (fault) {
    if (fault.code !== 'ESRCH') throw fault;
  }
}

// The last resort, for an exit that nobody awaits: whole groups, at once.
process.on('exit', () => {
  for (const started of running) signal(started, 'SIGKILL', true);
});

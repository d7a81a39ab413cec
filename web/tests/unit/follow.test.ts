/** The example for TypeScript, run as it stands against a scripted hub. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transformWithOxc } from 'vite';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FakeHub, nowUs } from '../fakehub/hub.ts';

const NAME = 'SIM:ACME';
const EXAMPLE = join(import.meta.dirname, '../../../docs/examples/follow.ts');
const PACKAGES = join(import.meta.dirname, '../../node_modules');
const SECONDS = 6;

let hub: FakeHub;
let folder: string;
let follower: ChildProcess | undefined;

beforeEach(async () => {
  hub = new FakeHub();
  hub.add(NAME);
  hub.change('quote', NAME, { bid: '1.00', ask: '1.02', ts: nowUs(), state: 'live' });
  hub.change('book.5', NAME, { bids: levels(1.0, -0.01), asks: levels(1.02, 0.01), state: 'live' });
  await hub.up();
  // Beside `ws`, so that Node finds it.
  folder = await mkdtemp(join(PACKAGES, '.follow-'));
});

afterEach(async () => {
  follower?.kill();
  await hub.down();
  await rm(folder, { recursive: true });
});

function levels(best: number, step: number): string[][] {
  return Array.from({ length: 5 }, (_, at) => [(best + at * step).toFixed(2), `${at + 1}.000`]);
}

/** Starts the example without its types, as Node does with them; what it prints in the end. */
async function follow(): Promise<Promise<string>> {
  const { code } = await transformWithOxc(await readFile(EXAMPLE, 'utf8'), EXAMPLE);
  const script = join(folder, 'follow.mjs');
  await writeFile(script, code);
  const url = `${hub.url.replace('http', 'ws')}ws`;
  const started = spawn(process.execPath, [script, url, NAME, String(SECONDS)]);
  follower = started;
  let said = '';
  started.stdout.on('data', (text) => {
    said += text;
  });
  return new Promise((done) => started.on('close', () => done(said)));
}

it('folds what the hub says, heals a gap, and goes on where it stood after a loss', async () => {
  const said = follow();
  await vi.waitFor(() => expect(hub.commands).toHaveLength(2), { timeout: 4_000, interval: 20 });
  hub.change('quote', NAME, { bid: '1.01' });
  hub.change('book.5', NAME, {
    bids: [
      ['1.01', '7.000'],
      ['0.96', '0'],
    ],
  });
  hub.losing = true;
  hub.change('book.5', NAME, { asks: [['1.02', '0']] });
  hub.losing = false;
  hub.change('book.5', NAME, { asks: [['1.07', '9.000']] });
  await vi.waitFor(() => expect(hub.commands).toHaveLength(3), { timeout: 4_000, interval: 20 });

  await hub.down();
  hub.topic('quote', NAME).change({ ask: '1.03', state: 'halted' });
  await hub.up();
  await vi.waitFor(() => expect(hub.commands).toHaveLength(5), { timeout: 4_000, interval: 20 });
  hub.change('book.5', NAME, { bids: [['1.01', '8.000']] });

  const folded = JSON.parse(await said);
  for (const channel of ['quote', 'book.5']) {
    const { data, seq } = folded[channel];
    expect(data).toEqual(hub.topic(channel, NAME).data());
    expect(seq).toBe(hub.topic(channel, NAME).seq);
  }
  const resumed = hub.commands.map(({ resume }) => Object.keys(resume ?? {}));
  expect(resumed).toEqual([[], [], [NAME], [NAME], [NAME]]);
}, 20_000);

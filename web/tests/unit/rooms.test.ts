/** The house rules a compiler does not check: one-way doors between rooms, sizes, names. */

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '../../src');

/** Who may import whom: a room may name itself and the rooms listed. No view ever reads a socket. */
const DOORS: Record<string, string[]> = {
  wire: [],
  socket: ['wire'],
  state: ['wire', 'socket'],
  calc: ['state'],
  views: ['state', 'calc'],
  pages: ['state', 'calc', 'views'],
};
const LINES_MAX = 300;
const SAY_NOTHING = /utils?|common|helpers?|manager|misc/i;

interface SourceFile {
  name: string;
  room: string;
  text: string;
}

function sources(): SourceFile[] {
  const names = readdirSync(SRC, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => /\.(ts|tsx|css)$/.test(name))
    .map((name) => ({
      name,
      room: name.split('/')[0] ?? '',
      text: readFileSync(join(SRC, name), 'utf8'),
    }));
}

/** The rooms that a text imports from, as seen from `room`. */
function imported(room: string, text: string): string[] {
  const found = text.matchAll(
    /(?:from|import|import\()\s*['"](\.[^'"]+)['"]|new URL\('(\.[^']+)'/g,
  );
  return [...found].map((match) => {
    const path = relative(SRC, join(SRC, room, match[1] ?? match[2] ?? ''));
    return path.split('/')[0] ?? '';
  });
}

function wrongDoors({ name, room, text }: SourceFile): string[] {
  const open = [room, ...(DOORS[room] ?? [])];
  return imported(room, text)
    .filter((other) => !open.includes(other))
    .map((other) => `${name} imports ${other}`);
}

describe('rooms', () => {
  it('import only through the doors that are open to them', () => {
    expect(sources().length).toBeGreaterThan(30);
    expect(sources().flatMap(wrongDoors)).toEqual([]);
  });

  it('are all known', () => {
    const rooms = new Set(sources().map((file) => file.room));
    expect([...rooms].sort()).toEqual(Object.keys(DOORS).sort());
  });

  it('would be caught if a view read a socket', () => {
    const text = "import { HubClient } from '../socket/client.ts';";
    expect(wrongDoors({ name: 'views/Bad.tsx', room: 'views', text })).toEqual([
      'views/Bad.tsx imports socket',
    ]);
  });
});

describe('files', () => {
  it('stay small', () => {
    const large = sources().filter(({ text }) => LINES_MAX < text.split('\n').length - 1);
    expect(large.map(({ name }) => name)).toEqual([]);
  });

  it('are named by what they are', () => {
    expect(sources().filter(({ name }) => SAY_NOTHING.test(name))).toEqual([]);
  });

  it('open by saying what they are', () => {
    const mute = sources().filter(
      ({ name, text }) => /\.tsx?$/.test(name) && !/^\/\*\*|^\/\/\//.test(text),
    );
    expect(mute.map(({ name }) => name)).toEqual([]);
  });
});

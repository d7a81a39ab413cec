/** The terminal: watchlist, chart, ladder and tape of what is selected, under one line of state. */

import { createEffect, createMemo, createSignal, on, onCleanup, onMount, Show } from 'solid-js';
import { hashOf, placeOf } from '../calc/link.ts';
import { stepped } from '../calc/watchlist.ts';
import {
  keepPreferences,
  type Preferences,
  readPreferences,
  type Theme,
} from '../state/preferences.ts';
import { DEPTHS, INTERVALS, type Row } from '../state/shapes.ts';
import type { Terminal } from '../state/terminal.ts';
import { Chart } from '../views/Chart.tsx';
import { Help } from '../views/Help.tsx';
import { Ladder } from '../views/Ladder.tsx';
import { StatusBar } from '../views/StatusBar.tsx';
import { SymbolHead } from '../views/SymbolHead.tsx';
import { Tape } from '../views/Tape.tsx';
import { Watchlist } from '../views/Watchlist.tsx';
import { listenForKeys } from './keys.ts';

export function TerminalPage(props: { terminal: Terminal }) {
  const { terminal } = props;
  const linked = placeOf(location.hash);
  const [kept, setKept] = createSignal<Preferences>(withPlace(readPreferences(), linked));
  const [help, setHelp] = createSignal(false);
  const keep = (change: Partial<Preferences>) => {
    keepPreferences(setKept((before) => ({ ...before, ...change })));
  };
  // Without a choice of the trader's, the first symbol that comes is as good as any.
  const instrument = createMemo<string | null>(
    (before) => kept().instrument ?? before ?? terminal.names()[0] ?? null,
    null,
  );
  const row = createMemo(() => {
    terminal.names();
    return terminal.line(instrument() ?? '')?.row;
  });
  const system = matchMedia('(prefers-color-scheme: light)');
  const [systemLight, setSystemLight] = createSignal(system.matches);
  system.addEventListener('change', (event) => setSystemLight(event.matches));
  const theme = (): Theme => kept().theme ?? (systemLight() ? 'light' : 'dark');
  const turnTheme = () => keep({ theme: theme() === 'dark' ? 'light' : 'dark' });
  const turnDepth = () => {
    const at = (DEPTHS as readonly number[]).indexOf(kept().depth);
    keep({ depth: DEPTHS[(at + 1) % DEPTHS.length] ?? 20 });
  };
  const neighbour = (steps: number) => {
    const name = stepped(terminal.names(), instrument(), steps);
    if (name !== null) keep({ instrument: name });
  };
  const focusOn = (selector: string) => document.querySelector<HTMLElement>(selector)?.focus();

  // Before anything is drawn in the colours of the other theme.
  createEffect(() => document.documentElement.setAttribute('data-theme', theme()));
  createEffect(
    on([instrument, () => kept().interval, () => kept().depth], ([name, interval, depth]) => {
      if (name === null) return;
      terminal.select({ instrument: name, interval, depth });
      const hash = hashOf(name, interval);
      if (location.hash !== hash) history.replaceState(null, '', hash);
    }),
  );
  const title = createMemo(() => {
    const live = terminal.phase() === 'live';
    return titleOf(row(), live ? '' : terminal.phase());
  });
  createEffect(() => {
    document.title = title();
  });
  terminal.onGlance = (glanced) => {
    const live = terminal.phase() === 'live';
    document.title = titleOf(glanced, glanced.confirmed || !live ? '' : 'last known');
  };

  onMount(() => {
    const byNumber = INTERVALS.map((interval, at) => [String(at + 1), () => keep({ interval })]);
    const stop = listenForKeys(
      {
        ...Object.fromEntries(byNumber),
        '/': () => focusOn('#search'),
        '?': () => setHelp(true),
        t: turnTheme,
        d: turnDepth,
        r: () => terminal.retry(),
        '[': () => neighbour(-1),
        ']': () => neighbour(1),
        w: () => focusOn('.watchlist tbody tr[tabindex="0"]'),
        c: () => focusOn('#chart'),
        b: () => focusOn('.ladder .scroller'),
        p: () => focusOn('.tape .scroller'),
      },
      (event) => {
        event.preventDefault();
        focusOn('.watchlist tbody tr[tabindex="0"]');
      },
    );
    const followLink = () => {
      const place = placeOf(location.hash);
      if (place !== null) keep(withPlace(kept(), place));
    };
    window.addEventListener('hashchange', followLink);
    onCleanup(() => {
      stop();
      window.removeEventListener('hashchange', followLink);
    });
  });

  return (
    <>
      <StatusBar
        terminal={terminal}
        theme={theme()}
        onTheme={turnTheme}
        onHelp={() => setHelp(true)}
      />
      <main data-phase={terminal.phase()}>
        <Watchlist
          terminal={terminal}
          selected={instrument()}
          onSelect={(name) => keep({ instrument: name })}
        />
        <section class="panel focus" aria-label="Chart">
          <Show when={row()} fallback={<p class="empty">{missingText(terminal, instrument())}</p>}>
            {(known) => <SymbolHead terminal={terminal} row={known()} />}
          </Show>
          <Chart
            terminal={terminal}
            instrument={instrument() ?? ''}
            interval={kept().interval}
            theme={theme()}
            onInterval={(interval) => keep({ interval })}
          />
        </section>
        <Ladder
          terminal={terminal}
          instrument={instrument()}
          depth={kept().depth}
          onDepth={(depth) => keep({ depth })}
        />
        <Tape terminal={terminal} />
      </main>
      <Help open={help()} onClose={() => setHelp(false)} />
    </>
  );
}

function withPlace(kept: Preferences, place: ReturnType<typeof placeOf>): Preferences {
  if (place === null) return kept;
  return { ...kept, instrument: place.instrument, interval: place.interval ?? kept.interval };
}

function titleOf(row: Row | undefined, doubt: string): string {
  const price = row === undefined ? '' : `${row.last ?? '–'} ${row.instrument} · `;
  return `${doubt === '' ? '' : `(${doubt}) `}${price}Tickwire`;
}

function missingText(terminal: Terminal, instrument: string | null): string {
  const { loaded, error } = terminal.instruments();
  if (error !== '') return `The hub cannot be asked: ${error}.`;
  if (!loaded) return 'Loading…';
  if (instrument === null) return 'The hub knows no symbols yet.';
  return `The hub knows no ${instrument} yet. It appears here with its first event; the watchlist shows what there is.`;
}

/** The worker's entry: sockets, decoding and folding live here, off the thread that paints. */

import { Rest } from '../socket/rest.ts';
import { Market } from './market.ts';
import type { Ask, Told } from './shapes.ts';

const hub = new URL('/ws', self.location.href);
hub.protocol = hub.protocol === 'https:' ? 'wss:' : 'ws:';

const rest = new Rest((path, signal) =>
  fetch(path, { signal, headers: { accept: 'application/json' } }),
);

const market = new Market(
  (protocols) => new WebSocket(hub, protocols),
  rest,
  (told: Told) => self.postMessage(told),
);

self.addEventListener('message', (event: MessageEvent<Ask>) => market.take(event.data));
self.addEventListener('online', () => market.take({ ask: 'retry' }));
market.start();

/**
 * Follow a book and a quote: fold snapshots and deltas, go on after a lost connection where it stood, and print what
 * the hub says over REST.
 *
 *     npm install ws
 *     npx tsx follow.ts ws://127.0.0.1:8080/ws SIM:ACME      (from Node 22.18 on also: node follow.ts …)
 */
import process from 'node:process';
import WebSocket from 'ws';

type Level = [price: string, qty: string];
type Data = Record<string, unknown> & { bids?: Level[]; asks?: Level[]; state?: string | null };
type Message =
  | { op: 'snapshot'; channel: string; epoch: string; seq: number; data: Data }
  | { op: 'delta'; channel: string; first: number; last: number; data: Data }
  | { op: 'resumed' | 'state'; channel: string; state: string | null }
  | { op: 'bye'; reconnect_after_ms: number }
  | { op: 'welcome' | 'subscribed' | 'heartbeat' | 'error' };

const CHANNELS = ['quote', 'book.5'];
const [url = '', instrument = '', seconds = '5'] = process.argv.slice(2);
const known: Record<string, { epoch: string; seq: number; data: Data }> = {};

/** Lays a side's changes over it; "0" removes. */
function levels(held: Level[], changes: Level[], best_first: 1 | -1): Level[] {
  const laid = new Map([...held, ...changes]);
  const left = [...laid].filter(([, qty]) => qty !== '0');
  return left.sort(([a], [b]) => best_first * (Number(a) - Number(b)));
}

/** Lays one message over what is known; false where a change is missing. */
function fold(message: Message): boolean {
  if (message.op === 'snapshot') {
    const { channel, epoch, seq, data } = message;
    known[channel] = { epoch, seq, data };
  } else if (message.op === 'delta') {
    const at = known[message.channel];
    if (at === undefined || message.first !== at.seq + 1) return false;
    const { bids, asks, ...fields } = message.data;
    at.seq = message.last;
    Object.assign(at.data, fields);
    if (bids) at.data.bids = levels(at.data.bids ?? [], bids, -1);
    if (asks) at.data.asks = levels(at.data.asks ?? [], asks, 1);
  } else if (message.op === 'state' || message.op === 'resumed') {
    const at = known[message.channel];
    if (at && message.state !== null) at.data.state = message.state;
  }
  return true;
}

function connect(): void {
  const socket = new WebSocket(url, ['tickwire.v1.json']);
  /** Asked for, and not answered yet: what comes until then continues nothing that is known. */
  const asked = new Set<string>();
  let retry_ms = 500;
  const subscribe = (channel: string) => {
    const at = known[channel];
    const resume = at && { [instrument]: { epoch: at.epoch, seq: at.seq } };
    asked.add(channel);
    const wish = { op: 'subscribe', id: channel, channel, instruments: [instrument], tick_ms: 100 };
    socket.send(JSON.stringify({ ...wish, resume }));
  };
  socket.on('open', () => CHANNELS.forEach(subscribe));
  socket.on('message', (frame) => {
    for (const message of JSON.parse(String(frame)) as Message[]) {
      if (message.op === 'bye') retry_ms = message.reconnect_after_ms;
      if (message.op === 'snapshot' || message.op === 'resumed') asked.delete(message.channel);
      if (message.op === 'delta' && asked.has(message.channel)) continue;
      if (!fold(message) && 'channel' in message) subscribe(message.channel);
    }
  });
  socket.on('error', (error) => console.error(error.message));
  socket.on('close', () => setTimeout(connect, retry_ms));
}

connect();
setTimeout(() => {
  console.log(JSON.stringify(known));
  process.exit();
}, Number(seconds) * 1_000);

/**
 * A hub that a test scripts: it speaks the contract over real HTTP and WebSocket, holds what it has said,
 * and can be made to lose, stall, forget, close and come back.
 */

import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { decode } from '@msgpack/msgpack';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Exps, encodeFrame, type Message } from './encode.ts';
import { Topic } from './topic.ts';

const DIST = join(import.meta.dirname, '../../dist');
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'";

type Fields = Record<string, unknown>;

interface Session {
  socket: WebSocket;
  followed: Map<string, { topic: Topic; at: number }>;
}

export class FakeHub {
  readonly exps: Exps = { price: 2, qty: 3 };
  readonly commands: Fields[] = [];
  /** Closed bars that only the REST API knows, by `instrument interval`. */
  readonly stored = new Map<string, Fields[]>();
  /** While true, changes are made but not sent: what follows them leaves a gap. */
  losing = false;
  beating = true;
  heartbeat_ms = 1_000;
  limits: Fields = { subscriptions_max: 2_000, messages_per_second: 50, frame_bytes_max: 65_536 };
  /** What `/readyz` says: what is away, with the fault, and whether the hub can serve. */
  away: Record<string, string> = {};
  ready = true;
  protocols = ['tickwire.v1.msgpack', 'tickwire.v1.json'];
  #topics = new Map<string, Topic>();
  #names = new Set<string>();
  #sessions = new Set<Session>();
  #server: Server | null = null;
  #beat: ReturnType<typeof setInterval> | undefined;
  #port = 0;
  #epoch = 'epoch.1';

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** Listens, at the same port as before where there was one. */
  async up(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    const sockets = new WebSocketServer({
      server,
      path: '/ws',
      handleProtocols: (offered) => this.protocols.find((name) => offered.has(name)) ?? false,
    });
    sockets.on('connection', (socket) => this.#open(socket));
    await new Promise<void>((done) => server.listen(this.#port, '127.0.0.1', done));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#beat = setInterval(() => this.#heartbeat(), this.heartbeat_ms);
  }

  /** Gone, as a killed process is: no bye, no close frame. */
  async down(): Promise<void> {
    clearInterval(this.#beat);
    for (const { socket } of this.#sessions) socket.terminate();
    this.#sessions.clear();
    const server = this.#server;
    this.#server = null;
    server?.closeAllConnections();
    await new Promise((done) => (server === null ? done(null) : server.close(done)));
  }

  /** Everything said is of another log from here on. */
  newEpoch(): void {
    this.#epoch = `epoch.${Number(this.#epoch.slice(6)) + 1}`;
    for (const topic of this.#topics.values()) {
      topic.epoch = this.#epoch;
      topic.seq = 0;
      topic.forgetRing();
    }
  }

  add(instrument: string): void {
    this.#names.add(instrument);
    this.topic('quote', instrument).change({
      bid: null,
      bid_qty: null,
      ask: null,
      ask_qty: null,
      ts: null,
      state: 'unsynced',
    });
    const none = ['last', 'last_qty', 'open', 'high', 'low', 'prev_close', 'vwap', 'change', 'ts'];
    const stats = Object.fromEntries(none.map((name) => [name, null]));
    this.topic('stats', instrument).change({
      ...stats,
      volume: '0.000',
      notional: '0.00000',
      trades: 0,
    });
  }

  topic(channel: string, instrument: string): Topic {
    const key = `${channel} ${instrument}`;
    let topic = this.#topics.get(key);
    if (topic === undefined) {
      topic = new Topic(channel, instrument, this.#epoch);
      this.#topics.set(key, topic);
    }
    return topic;
  }

  /** A change of the log, sent to all who follow. */
  change(channel: string, instrument: string, data: Fields | Fields[]): void {
    this.topic(channel, instrument).change(data);
    this.flush();
  }

  /** Sends all followers what they are due, one frame each. */
  flush(): void {
    if (this.losing) {
      for (const { followed } of this.#sessions)
        for (const at of followed.values()) at.at = at.topic.seq;
      return;
    }
    for (const session of this.#sessions) {
      const messages: Message[] = [];
      for (const follow of session.followed.values()) {
        messages.push(...follow.topic.since(follow.at));
        follow.at = follow.topic.seq;
      }
      this.#send(session, messages);
    }
  }

  /** The hub's own word on an instrument, which has no sequence. */
  say(channel: string, instrument: string, state: string): void {
    const topic = this.topic(channel, instrument);
    const message = topic.setState(state);
    for (const session of this.#sessions) {
      if (session.followed.has(`${channel} ${instrument}`)) this.#send(session, [message]);
    }
  }

  /** Any message to all, as it stands; the position of those who follow moves to `last`. */
  sayRaw(message: Message): void {
    for (const session of this.#sessions) this.#send(session, [message]);
  }

  forget(): void {
    for (const topic of this.#topics.values()) topic.forgetRing();
  }

  close(code: number, reason = ''): void {
    for (const { socket } of this.#sessions) socket.close(code, reason);
  }

  #open(socket: WebSocket): void {
    const session: Session = { socket, followed: new Map() };
    this.#sessions.add(session);
    socket.on('close', () => this.#sessions.delete(session));
    socket.on('message', (data, binary) => {
      const said: unknown = binary ? decode(data as Buffer) : JSON.parse(String(data));
      for (const command of Array.isArray(said) ? said : [said]) this.#obey(session, command);
    });
    const { heartbeat_ms, limits } = this;
    this.#send(session, [
      { op: 'welcome', session: 's', server_time: nowUs(), heartbeat_ms, limits },
    ]);
  }

  #obey(session: Session, command: Fields): void {
    this.commands.push(command);
    const { op, id, channel, instruments, resume } = command as {
      op: string;
      id: number;
      channel: string;
      instruments: string[];
      resume?: Record<string, { epoch: string; seq: number }>;
    };
    if (op === 'ping') this.#send(session, [{ op: 'pong', id, server_time: nowUs() }]);
    else if (op === 'unsubscribe') {
      for (const name of instruments) session.followed.delete(`${channel} ${name}`);
      this.#send(session, [{ op: 'unsubscribed', id }]);
    } else if (op === 'subscribe') {
      this.#subscribe(session, id, channel, instruments, resume);
    }
  }

  #subscribe(
    session: Session,
    id: number,
    channel: string,
    instruments: string[],
    resume: Record<string, { epoch: string; seq: number }> | undefined,
  ): void {
    const known = instruments.filter((name) => this.#names.has(name));
    const refusal = { code: 'unknown_instrument', message: 'nothing was ever heard of it' };
    const errors = instruments
      .filter((name) => !this.#names.has(name))
      .map((name) => [name, refusal]);
    const topics = known.map((name) => [name, { ref: this.#ref(channel, name), ...this.#told() }]);
    const answers: Message[] = [
      {
        op: 'subscribed',
        id,
        channel,
        tick_ms: 50,
        instruments: Object.fromEntries(topics),
        errors: Object.fromEntries(errors),
      },
    ];
    for (const name of known) {
      const topic = this.topic(channel, name);
      session.followed.set(`${channel} ${name}`, { topic, at: topic.seq });
      answers.push(...topic.join(resume?.[name]));
    }
    this.#send(session, answers);
  }

  #told(): { price_exp: number; qty_exp: number } {
    return { price_exp: this.exps.price, qty_exp: this.exps.qty };
  }

  #ref(channel: string, instrument: string): number {
    this.topic(channel, instrument);
    return [...this.#topics.keys()].indexOf(`${channel} ${instrument}`);
  }

  #send({ socket }: Session, messages: Message[]): void {
    if (messages.length === 0 || socket.readyState !== socket.OPEN) return;
    const refOf = (channel: string, name: string) => ({
      ref: this.#ref(channel, name),
      exps: this.exps,
    });
    socket.send(encodeFrame(socket.protocol || 'tickwire.v1.json', messages, refOf));
  }

  #heartbeat(): void {
    if (this.beating) this.sayRaw({ op: 'heartbeat', server_time: nowUs() });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    if (url.pathname.startsWith('/api/')) return this.#answerApi(url, response);
    if (url.pathname === '/readyz') return this.#answerReadiness(response);
    const path = url.pathname === '/' ? '/index.html' : url.pathname;
    try {
      const body = await readFile(join(DIST, path));
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
      response.setHeader('content-security-policy', POLICY);
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  }

  #answerReadiness(response: ServerResponse): void {
    const dependencies = Object.fromEntries(
      ['database', 'kafka', 'recorder', 'redis'].map((name) => {
        const fault = this.away[name] ?? null;
        return [name, { state: fault === null ? 'ok' : 'down', fault }];
      }),
    );
    response.writeHead(this.ready ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ready: this.ready, dependencies }));
  }

  #answerApi(url: URL, response: ServerResponse): void {
    const query = url.searchParams;
    response.setHeader('content-type', 'application/json');
    const told = { as_of: new Date().toISOString(), source: 'memory', stale_ms: 0, next: null };
    if (url.pathname === '/api/v1/instruments') {
      const instruments = [...this.#names].map((instrument) => ({
        instrument,
        description: '',
        ...this.#told(),
      }));
      response.end(JSON.stringify({ ...told, instruments }));
      return;
    }
    if (url.pathname !== '/api/v1/bars') {
      response.writeHead(404).end(JSON.stringify({ code: 'not_found' }));
      return;
    }
    const instrument = query.get('instrument') ?? '';
    const interval = query.get('interval') ?? '';
    const us = (name: string) => Number(BigInt(query.get(name) ?? '0') / 1_000n);
    const live = this.topic(`bars.${interval}`, instrument).data() as Fields[];
    const bars = new Map(
      [...(this.stored.get(`${instrument} ${interval}`) ?? []), ...live].map((bar) => [
        bar.start,
        bar,
      ]),
    );
    const found = [...bars.values()]
      .filter((bar) => us('from') <= Number(bar.start) && Number(bar.start) < us('to'))
      .sort((left, right) => Number(left.start) - Number(right.start))
      .slice(0, Number(query.get('limit')))
      .map((bar) => ({
        gap: false,
        ...bar,
        start: new Date(Number(bar.start) / 1_000).toISOString(),
      }));
    response.end(JSON.stringify({ ...told, bars: found }));
  }
}

export function nowUs(): number {
  return Date.now() * 1_000;
}

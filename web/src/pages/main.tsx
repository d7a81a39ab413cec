/** The entry: a worker, a terminal that listens to it, a page that shows it. */

import { render } from 'solid-js/web';
import { Terminal } from '../state/terminal.ts';
import { TerminalPage } from './TerminalPage.tsx';
import './terminal.css';

const worker = new Worker(new URL('../state/worker.ts', import.meta.url), { type: 'module' });
const terminal = new Terminal(worker);
const root = document.getElementById('terminal');
if (root === null) throw new Error('the page has no place for the terminal');
render(() => <TerminalPage terminal={terminal} />, root);
terminal.start();

// What a thread does once it is up: wait for what its owner asks, or serve its set.

// What the user's file will import: here it is part of the start, which spares have behind them.
import * as exported from '../../index.js';
import { begin, onInTurn, started } from '../agent.js';
import { END } from '../protocol.js';
import { exit } from './exit.js';
import { serve } from './warm.js';
import './one-off.js';
import './service.js';

// For copies of nanolith that are made on this thread: see `index.js`.
Object.defineProperty(globalThis, Symbol.for('nanolith'), { value: exported });

onInTurn(END, () => {
  exit();
});

if (started?.warm) serve(started.warm);
else begin();

// What a thread does once it is up: wait for what its owner asks, or serve its set.

import { begin, on, started } from '../agent.js';
import { END } from '../protocol.js';
import { exit } from './exit.js';
import { serve } from './warm.js';
import './one-off.js';
import './service.js';

on(END, () => {
  exit();
});

if (started?.warm) serve(started.warm);
else begin();

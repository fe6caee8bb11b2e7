// What a thread does once it is up: wait for what its owner asks, or serve its set.

import { begin, started } from '../agent.js';
import { serve } from './warm.js';
import './one-off.js';
import './service.js';

if (started?.warm) serve(started.warm);
else begin();

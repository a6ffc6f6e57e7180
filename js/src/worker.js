// The worker of a browser.

import { serve } from "./serve.js";

const receive = serve((answer) => self.postMessage(answer));
self.onmessage = (event) => receive(event.data);

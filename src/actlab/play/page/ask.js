// Work that must not hold up the page: a job of worker.js, in a worker of its own that ends with it.
const { forms = null } = JSON.parse(document.getElementById("made").textContent) ?? {};
let workerSource;

function startedWorker() {
  workerSource ??= URL.createObjectURL(
    new Blob([document.getElementById("pure").textContent, "worker_js.serve(self);"], { type: "text/javascript" }));
  return new Worker(workerSource);
}

// `tell` gets what the job tells along the way; `stop()` ends it, and `done` is then rejected with the name AbortError.
export function ask(job, args, tell = () => {}) {
  const worker = startedWorker();
  let stop;
  const done = new Promise((resolve, reject) => {
    stop = () => { worker.terminate(); reject(new DOMException("It was stopped.", "AbortError")); };
    worker.onerror = (event) => { worker.terminate(); reject(new Error(event.message || "The worker did not start.")); };
    worker.onmessage = ({ data }) => {
      if ("told" in data) return tell(data.told);
      worker.terminate();
      if ("failed" in data) reject(Object.assign(new Error(data.failed.message), data.failed));
      else resolve(data.done);
    };
    worker.postMessage({ job, args, forms });
  });
  return { done, stop };
}

const LONGEST_WAIT = 3000;  // milliseconds that a newer question waits for an older one

// A worker that is kept, with all that it has computed, for questions of which only the newest counts: `question(args)`
// puts one, `answered({ told }, { done } or { failed }, args)` gets what comes of the newest.
export function newestOf(job, answered) {
  let worker = null, running = null, waiting = null, since = 0, timer = 0;
  const begin = (args) => {
    worker ??= listened(startedWorker());
    [running, waiting, since] = [args, null, performance.now()];
    worker.postMessage({ job, args, forms });
  };
  const end = () => {
    running = null;
    clearTimeout(timer);
    if (waiting) begin(waiting);
  };
  const listened = (one) => {
    one.onmessage = ({ data }) => {
      if (!waiting) answered(data, running);
      if (!("told" in data)) end();
    };
    one.onerror = (event) => {
      if (!waiting) answered({ failed: { message: event.message || "The worker did not start." } }, running);
      worker = null;
      end();
    };
    return one;
  };
  const instead = () => {
    worker.terminate();
    worker = null;
    begin(waiting);
  };
  return function question(args) {
    if (!running) return begin(args);
    waiting = args;
    clearTimeout(timer);
    timer = setTimeout(instead, since + LONGEST_WAIT - performance.now());
  };
}

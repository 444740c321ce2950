// Work that must not hold up the page: a job of worker.js, in a worker of its own that ends with it.
const { forms = null } = JSON.parse(document.getElementById("made").textContent) ?? {};
let workerSource;

// `tell` gets what the job tells along the way; `stop()` ends it, and `done` is then rejected with the name AbortError.
export function ask(job, args, tell = () => {}) {
  workerSource ??= URL.createObjectURL(
    new Blob([document.getElementById("pure").textContent, "actlab.serve(self);"], { type: "text/javascript" }));
  const worker = new Worker(workerSource);
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

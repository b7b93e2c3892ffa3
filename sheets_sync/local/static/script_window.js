// A script in one window: its executions, each in a worker of its own, and its sidebar, which is a frame without rights.

// google.script.run for the frame. The frame's origin is its own: it reaches nothing but these messages.
const BRIDGE = `<script>(() => {
  const waiting = new Map();
  addEventListener("message", ({ source, data }) => {
    const asked = source === parent && waiting.get(data.id);
    if (!asked) return;
    waiting.delete(data.id);
    if ("error" in data) asked.failed(new Error(data.error));
    else asked.done(data.value);
  });
  const runner = (done, failed) => new Proxy({}, { get: (_, name) => {
    if (name === "withSuccessHandler") return (handler) => runner(handler, failed);
    if (name === "withFailureHandler") return (handler) => runner(done, handler);
    return (...args) => {
      const id = Math.random().toString(36).slice(2);
      waiting.set(id, { done, failed });
      parent.postMessage({ id, name, args }, "*");
    };
  } });
  window.google = { script: { run: runner(() => {}, () => {}) } };
})()</script>`;

export class ScriptWindow {
  constructor(host, emit) {
    this.host = host;
    this.emit = emit;
    this.key = "";
    this.workers = new Set();
    this.hear = ({ source, data }) => this.frame && source === this.frame.contentWindow && this.called(data);
    window.addEventListener("message", this.hear);
  }

  close() {
    window.removeEventListener("message", this.hear);
    this.workers.forEach((worker) => worker.terminate());
  }

  /** Runs a function; `told` gets {value} or {error}. */
  run(name, args, told) {
    const worker = new Worker(new URL("./script_worker.js", import.meta.url), { type: "module" });
    this.workers.add(worker);
    const ended = (answer) => {
      worker.terminate();
      this.workers.delete(worker);
      told(answer);
    };
    worker.onmessage = ({ data }) => ended(data);
    worker.onerror = (event) => ended({ error: event.message || "the script could not be started" });
    worker.postMessage({ base: location.origin, key: this.key, name, args });
  }

  runFromMenu(name) {
    this.emit("started", {});
    this.run(name, [], (answer) => {
      this.emit("ended", {});
      if ("error" in answer) this.emit("failed", { why: answer.error });
    });
  }

  /** A call of google.script.run in the sidebar. */
  called({ id, name, args }) {
    const frame = this.frame;
    this.run(String(name), args, (answer) => frame.contentWindow?.postMessage({ id, ...answer }, "*"));
  }

  showSidebar({ title, html }) {
    this.hideSidebar();
    const head = this.host.appendChild(document.createElement("header"));
    head.appendChild(document.createElement("span")).textContent = title;
    const button = head.appendChild(document.createElement("button"));
    button.textContent = "×";
    button.setAttribute("aria-label", "Close the sidebar");
    button.addEventListener("click", () => this.hideSidebar());
    this.frame = document.createElement("iframe");
    this.frame.title = title;
    this.frame.setAttribute("sandbox", "allow-scripts");
    this.frame.srcdoc = html.replace(/<head>/i, (tag) => tag + BRIDGE);
    this.host.appendChild(this.frame);
    this.host.classList.add("is-open");
  }

  hideSidebar() {
    this.frame = null;
    this.host.replaceChildren();
    this.host.classList.remove("is-open");
  }
}

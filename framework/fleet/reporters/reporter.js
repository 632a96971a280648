// The common part of the reporters, which passes an agent's state to `mosaic agent report`. The part for the runtime
// is appended, because a runtime loads a single file.
//
// A reporter must not disturb the agent: it does not block, write to the terminal or throw. A failure of `mosaic` loses
// a report, but never a turn of the agent.
import { spawn } from "node:child_process";

/** The timeout after which a report is killed. A report usually takes milliseconds. */
const REPORT_TIMEOUT_MS = 3000;
/** A state must last this long to be reported: a turn can end and the next one begin at once. */
const DEBOUNCE_MS = 40;
/** The minimum time between two reports. */
const MIN_INTERVAL_MS = 100;

/** Returns a function that reports the newest state. One report runs at a time, and an unchanged state is not reported. */
function createReporter(program) {
  let next = null;
  let reported = "";
  let child = null;
  let isRetry = false;
  let startedAt = 0;
  let timer = null;

  const kill = () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {}
  };
  const schedule = (delay) => {
    if (timer || child || !next) return;
    timer = setTimeout(() => {
      timer = null;
      run();
    }, delay);
    timer.unref?.();
  };
  const run = () => {
    const args = next;
    next = null;
    const line = args.join("\0");
    if (line === reported) return;
    reported = line;
    try {
      // A session of its own keeps it from signals of the terminal. The current directory may have been removed.
      const options = { cwd: "/", detached: true, stdio: "ignore", shell: false, windowsHide: true };
      const running = spawn(program, ["agent", "report", ...args], options);
      child = running;
      startedAt = Date.now();
      const deadline = setTimeout(kill, REPORT_TIMEOUT_MS);
      deadline.unref?.();
      const end = (isDone) => {
        if (child !== running) return;
        clearTimeout(deadline);
        child = null;
        if (!isDone) reported = "";
        // Retry once: a lost state would be wrong until the next turn.
        isRetry = !isDone && !next && !isRetry;
        if (isRetry) next = args;
        schedule(MIN_INTERVAL_MS);
      };
      running.on("error", () => end(false));
      running.on("exit", (code) => end(code === 0));
      running.unref();
    } catch {
      child = null;
      reported = "";
    }
  };
  // A hung report would outlive this process. A new one is left to report the end of the session.
  process.on("exit", () => child && Date.now() - startedAt > DEBOUNCE_MS && kill());

  return (args) => {
    next = args;
    schedule(DEBOUNCE_MS);
  };
}

/** The reporter of this process, which is shared: a runtime loads its extensions once per session or directory. */
function sharedReporter() {
  const program = process.env.MOSAIC_REPORTER;
  if (!program) return null;
  return (globalThis[Symbol.for("mosaic.fleet.reporter")] ??= createReporter(program));
}

/** The first non-empty line, without control characters, truncated to `longest` characters. */
function oneLine(text, longest) {
  const lines = String(text ?? "").slice(0, 10_000).split(/[\r\n\u2028\u2029]+/);
  const line = lines.map((line) => line.replace(/[\p{C}\s]+/gu, " ").trim()).find((line) => line) ?? "";
  const letters = [...line];
  return letters.length > longest ? letters.slice(0, longest - 1).join("") + "…" : line;
}

/** The arguments of `mosaic agent report` for a state. `prompt` is the last prompt of the agent. */
function reportArguments(state, { reason, model, prompt }) {
  const args = [state];
  const add = (option, value) => value && args.push(`${option}=${value}`);
  add("--reason", reason && oneLine(reason, 200));
  add("--model", oneLine(model, 120));
  if (state !== "idle") {
    add("--task", oneLine(prompt, 120));
    // The prompt for a message in a file contains the path with its id.
    add("--message-id", /\/outbox\/[^/\s]+\/([0-9a-f]{14}-[0-9a-f]{4})\b/.exec(String(prompt ?? ""))?.[1]);
  }
  return args;
}

/** Classifies an error that ended a turn: `waiting` if the user can resolve it, else `blocked`. */
function verdict(status, text) {
  text = String(text ?? "").slice(0, 10_000);
  status = Number(status) || Number(/^\W*(?:error\W+)?([45]\d\d)\b/i.exec(text)?.[1]) || 0;
  const quoted = /"message"\s*:\s*"((?:[^"\\]|\\.)+)"/.exec(text)?.[1] ?? text;
  const reason = oneLine(quoted.replace(/\\n/g, "\n"), 150) || (status ? `HTTP ${status}` : "unknown error");
  const limit = /usage.?limit|rate.?limit|limit (reached|exceeded)|quota|too many requests|credit|billing|payment/i;
  const login = /unauthori[sz]ed|forbidden|authenticat|api.?key|credential|log ?in\b|token (is )?(expired|invalid)/i;
  if (status < 500) {
    if (status === 429 || status === 402 || (status !== 401 && limit.test(text))) {
      return { state: "waiting", reason: `usage limit: ${reason}` };
    }
    if (status === 401 || status === 403 || (!status && login.test(text))) {
      return { state: "waiting", reason: `login: ${reason}` };
    }
  }
  return { state: "blocked", reason };
}

// The common part of all reporters: it passes an agent's state to `mosaic agent report`. The part of the runtime follows
// below, because a runtime loads a single file.
//
// Reporting must never harm the agent: nothing here waits, writes to the terminal or throws. If `mosaic` fails, a report
// is lost, and the agent's turn goes on.
import { spawn } from "node:child_process";

/** A report takes milliseconds, and is killed after this time. */
const REPORT_TIMEOUT_MS = 3000;
/** A state that lasts less is not reported, such as the end of a turn that another one follows at once. */
const SETTLE_MS = 40;
/** The shortest time between two reports. */
const PAUSE_MS = 100;

/** Runs one report at a time, of the newest state. A state is not reported twice in a row. */
function newReporter(program) {
  let next = null;
  let reported = "";
  let child = null;
  let isSecond = false;
  let since = 0;
  let timer = null;

  const kill = () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {}
  };
  const later = (delay) => {
    if (timer || child || !next) return;
    timer = setTimeout(() => {
      timer = null;
      run();
    }, delay);
    timer.unref?.();
  };
  const run = () => {
    const words = next;
    next = null;
    const line = words.join("\0");
    if (line === reported) return;
    reported = line;
    try {
      // In a session of its own, so that no key pressed here reaches it; in `/`, because this directory may be removed.
      const options = { cwd: "/", detached: true, stdio: "ignore", shell: false, windowsHide: true };
      const running = spawn(program, ["agent", "report", ...words], options);
      child = running;
      since = Date.now();
      const deadline = setTimeout(kill, REPORT_TIMEOUT_MS);
      deadline.unref?.();
      const end = (isDone) => {
        if (child !== running) return;
        clearTimeout(deadline);
        child = null;
        if (!isDone) reported = "";
        // Retry once, because the last report would stay wrong until the next turn.
        isSecond = !isDone && !next && !isSecond;
        if (isSecond) next = words;
        later(PAUSE_MS);
      };
      running.on("error", () => end(false));
      running.on("exit", (code) => end(code === 0));
      running.unref();
    } catch {
      child = null;
      reported = "";
    }
  };
  // A report that hangs would outlive this process. One that has just started reports the end of this process.
  process.on("exit", () => child && Date.now() - since > SETTLE_MS && kill());

  return (words) => {
    next = words;
    later(SETTLE_MS);
  };
}

/** Returns the reporter of this process: a runtime loads its extensions again for each session or directory. */
function reporter() {
  const program = process.env.MOSAIC_REPORTER;
  if (!program) return null;
  return (globalThis[Symbol.for("mosaic.fleet.reporter")] ??= newReporter(program));
}

/** Returns the first line that is not blank, without control characters. */
function oneLine(text, longest) {
  const lines = String(text ?? "").slice(0, 10_000).split(/[\r\n\u2028\u2029]+/);
  const line = lines.map((line) => line.replace(/[\p{C}\s]+/gu, " ").trim()).find((line) => line) ?? "";
  const letters = [...line];
  return letters.length > longest ? letters.slice(0, longest - 1).join("") + "…" : line;
}

/** Returns the arguments for a state. `prompt` is the last prompt of the agent. */
function words(state, { reason, model, prompt }) {
  const words = [state];
  const add = (option, value) => value && words.push(`${option}=${value}`);
  add("--reason", reason && oneLine(reason, 200));
  add("--model", oneLine(model, 120));
  if (state !== "idle") {
    add("--task", oneLine(prompt, 120));
    // The path of a message that is delivered as a file contains the id of the message.
    add("--message-id", /\/outbox\/[^/\s]+\/([0-9a-f]{14}-[0-9a-f]{4})\b/.exec(String(prompt ?? ""))?.[1]);
  }
  return words;
}

/** Returns the state after an error that ended a turn: waiting if a person can resolve it, else blocked. */
function verdict(status, text) {
  text = String(text ?? "").slice(0, 10_000);
  status = Number(status) || Number(/^\W*(?:error\W+)?([45]\d\d)\b/i.exec(text)?.[1]) || 0;
  const said = /"message"\s*:\s*"((?:[^"\\]|\\.)+)"/.exec(text)?.[1] ?? text;
  const reason = oneLine(said.replace(/\\n/g, "\n"), 150) || (status ? `HTTP ${status}` : "an error without a message");
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

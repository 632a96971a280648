// What all reporters have in common: how an agent's state reaches `mosaic agent report`. Each runtime's own part
// follows below, in the same file: a runtime loads one.
//
// The agent comes first. Nothing here waits, writes to the terminal or throws, and whatever is wrong with `mosaic`
// costs a report, never the agent's turn.
import { spawn } from "node:child_process";

/** How long a report may take, which takes milliseconds, until it is killed. */
const PATIENCE_MS = 3000;
/** States that last less are not worth a process: the end of a turn whose next one begins at once. */
const SETTLING_MS = 40;
/** Between two reports, whatever happens. */
const PAUSE_MS = 100;

/** Runs one report at a time, of the newest state; what was told last is not told again. */
function newTeller(program) {
  let next = null;
  let told = "";
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
    if (line === told) return;
    told = line;
    try {
      // Of its own session, so that no key pressed here reaches it; elsewhere, for this directory may be gone.
      const options = { cwd: "/", detached: true, stdio: "ignore", shell: false, windowsHide: true };
      const running = spawn(program, ["agent", "report", ...words], options);
      child = running;
      since = Date.now();
      const deadline = setTimeout(kill, PATIENCE_MS);
      deadline.unref?.();
      const end = (isDone) => {
        if (child !== running) return;
        clearTimeout(deadline);
        child = null;
        if (!isDone) told = "";
        // Once more: what is lost now would be wrong until the next turn.
        isSecond = !isDone && !next && !isSecond;
        if (isSecond) next = words;
        later(PAUSE_MS);
      };
      running.on("error", () => end(false));
      running.on("exit", (code) => end(code === 0));
      running.unref();
    } catch {
      child = null;
      told = "";
    }
  };
  // One that hangs would outlive its killer; one that has just begun is about to tell how it ended.
  process.on("exit", () => child && Date.now() - since > SETTLING_MS && kill());

  return (words) => {
    next = words;
    later(SETTLING_MS);
  };
}

/** The one of this process: a runtime loads its extensions again for each session or directory. */
function teller() {
  const program = process.env.MOSAIC_REPORTER;
  if (!program) return null;
  return (globalThis[Symbol.for("mosaic.fleet.teller")] ??= newTeller(program));
}

/** One line without anything that a terminal would obey. */
function oneLine(text, longest) {
  const lines = String(text ?? "").slice(0, 10_000).split(/[\r\n\u2028\u2029]+/);
  const line = lines.map((line) => line.replace(/[\p{C}\s]+/gu, " ").trim()).find((line) => line) ?? "";
  const letters = [...line];
  return letters.length > longest ? letters.slice(0, longest - 1).join("") + "…" : line;
}

/** A state as arguments. `prompt` is what the agent was asked last. */
function words(state, { reason, model, prompt }) {
  const words = [state];
  const add = (option, value) => value && words.push(`${option}=${value}`);
  add("--reason", reason && oneLine(reason, 200));
  add("--model", oneLine(model, 120));
  if (state !== "idle") {
    add("--task", oneLine(prompt, 120));
    // A message that is given by file names itself.
    add("--message-id", /\/outbox\/[^/\s]+\/([0-9a-f]{14}-[0-9a-f]{4})\b/.exec(String(prompt ?? ""))?.[1]);
  }
  return words;
}

/** What an error that ended a turn means: can a person help, or nobody? */
function verdict(status, text) {
  text = String(text ?? "").slice(0, 10_000);
  status = Number(status) || Number(/^\W*(?:error\W+)?([45]\d\d)\b/i.exec(text)?.[1]) || 0;
  const said = /"message"\s*:\s*"((?:[^"\\]|\\.)+)"/.exec(text)?.[1] ?? text;
  const reason = oneLine(said.replace(/\\n/g, "\n"), 150) || (status ? `HTTP ${status}` : "an error without a word");
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

// Page and kernel hold the same, or a sentence says what to do.
//
//   page -> kernel   {kind: "ping", n}            once a second while something changes, then less
//                                                 and less often, and at rest not at all
//   kernel -> page   {kind: "pong", n, each: {id: [sum, kind]}, names: {kind: [names of state]}}
//                    {kind: "busy"}               it hears, but computes something else just now
//   until heard      {kind: "click", id}          in place of a button's own message
//
// A message may be lost, or come twice, and the connection may break at any time. ipywidgets sends a
// widget's next change when the last one was answered: an answer that is lost leaves that widget
// dumb for good. But messages keep their order. By the time that a pong is there, all that was
// said before its ping was answered, or is lost; and what then differs will not change by itself.
// What its person has changed is said again; else the kernel is asked for what it holds.

const BEAT = 1000; // ms between two pings; half of that where the last pong found a difference
const SOON = 400; // ms from a change to a ping: the picture that it asks for comes first
const [SAME, MOVES, DIFFERS] = [0, 1, 2]; // what a pong finds
const PINGS = 6; // to a screen that has come to rest: after 1, 2, 3, 3, 3 and 3 s
const SILENCE = 4; // pings without an answer until that is worth a sentence: after 5 s at most
const LATE = 3000; // ms; of a timer that comes later than this, the page was asleep meanwhile
const ODD = 5; // times that a widget was set right in vain

// What to do, in a page of its own or below a cell; `kept` says that nothing is lost by it, or is ".".
const SENTENCES = {
  gone: (kept, cell) =>
    cell
      ? `The kernel has stopped or was restarted. Run this cell again${kept}`
      : `The kernel has stopped. Reload the page${kept}`,
  cut: (kept, cell) =>
    `The connection to the kernel is lost, and is being tried again. If it stays lost, reload the page${kept}` +
    (cell ? "" : " If the page does not open, start fedplay again."),
  busy: () =>
    "Waiting for the kernel, which is busy: what you change now is taken up as soon as it is free.",
  silent: (kept, cell) =>
    `Waiting for the kernel. If it stays silent, ${cell ? "restart it and run this cell again" : "reload the page"}${kept}`,
  odd: (kept) => `This page does not show what the kernel holds. Reload the page${kept}`,
};
const STILL_USELESS = new Set(["gone", "cut"]); // what is changed now would go nowhere

function agree({ model, tell, insist, signal, notify }) {
  const manager = model.widget_manager;
  if (!manager?.get_model) return;
  const known = new Map(); // id -> held
  let [n, answered, rest, misses] = [0, 0, 0, 0];
  let [gone, odd] = [false, false];
  let [busy, wasBusy] = [false, -SILENCE]; // it says so itself; at which miss it was so last
  let [timer, due, last] = [0, 0, -BEAT];
  let self = null;
  let hearing = Promise.resolve(); // one pong after the other: each may make models anew

  const at = (time) => {
    clearTimeout(timer);
    due = time;
    timer = signal.aborted ? 0 : setTimeout(tick, Math.max(0, due - performance.now()));
  };
  const stir = () => {
    rest = 0;
    const soon = Math.max(last + BEAT, performance.now() + SOON);
    if (!timer || due > soon) at(soon);
  };

  const trouble = () => {
    const { status, connectionStatus: line = "connected" } = manager.kernel ?? {};
    if (self && (gone || !self.comm_live || status === "dead")) return "gone";
    if (line === "disconnected") return "cut";
    if (misses < SILENCE) return odd ? "odd" : "";
    if (line !== "connected") return "cut";
    if (busy || status === "busy") wasBusy = misses;
    return misses < wasBusy + SILENCE ? "busy" : "silent";
  };
  const look = () => {
    if (!self) meet();
    const found = trouble();
    notify(found);
    return found;
  };
  const meet = async () => {
    const found = await Promise.resolve(manager.get_model(model.get("own"))).catch(() => null);
    if (self || !found) return;
    self = found;
    self.on("comm_live_update", stir);
    signal.addEventListener("abort", () => self.off("comm_live_update", stir));
  };

  // Whether the kernel still has this widget: one that was started anew answers, but not to us.
  const inquire = async () => {
    const comms = await manager._get_comm_info?.().catch?.(() => null);
    if (comms && self && !(model.get("own") in comms)) gone = true;
    look();
  };

  // One that was not answered is said again as it was: what it promises is then true all the more.
  const ping = () => {
    last = performance.now();
    if (answered < n) return tell({ kind: "ping", n });
    for (const own of known.values()) {
      const { _pending_msgs: pending, _msg_buffer: buffer } = own.raw;
      Object.assign(own, { moved: false, pending, buffer });
    }
    n += 1;
    return tell({ kind: "ping", n });
  };

  const tick = () => {
    const slept = performance.now() - due > LATE;
    const connected = (manager.kernel?.connectionStatus ?? "connected") === "connected";
    timer = 0;
    if (document.hidden) return; // until it is looked at again
    if (slept) misses = 0;
    else if (answered < n || !connected) misses += 1;
    if (look() === "gone") return;
    if (connected && misses % SILENCE === SILENCE - 2) inquire();
    if (connected) ping();
    at(performance.now() + (misses > 2 * SILENCE ? SILENCE * BEAT : BEAT));
  };

  // Whether a widget is as the kernel says, or is just changing; if neither, it is set right.
  const compare = (own, sum, names) => {
    const { raw, touched, moved, pending, buffer } = own;
    const waits = pending > 0 && raw._pending_msgs > 0 && raw._msg_buffer === buffer;
    if (waits && buffer) {
      sayAgain(own); // what it waits for is lost, or its answer is
      return DIFFERS;
    }
    if (moved) return MOVES;
    const same = sumOf(raw, names) === sum;
    if (waits && !(same && [...touched.keys()].every((name) => names.includes(name)))) {
      sayAgain(own); // what differs is lost; or a file may be, which is in no sum
      return DIFFERS;
    }
    if (waits) raw._pending_msgs = 0; // only the answer is
    if (same) {
      touched.clear();
      own.tries = 0;
      return SAME;
    }
    own.tries += 1;
    sayAgain(own);
    askAgain(own);
    return DIFFERS;
  };

  const hearPong = async ({ n: to, each, names }) => {
    if (to <= answered) return; // a second time
    const late = busy; // its thread for us was faster than its main one: what was said waits there
    [answered, misses, busy, wasBusy] = [to, 0, false, -SILENCE];
    look();
    if (late) return stir();
    const models = await modelsOf(manager, Object.keys(each));
    let worst = SAME;
    const found = (how) => (worst = Math.max(worst, how));
    for (const raw of models.values()) {
      if (!raw) continue;
      await settled(raw);
      await renew(manager, raw, models);
      found((await shown(raw)) ? SAME : DIFFERS);
    }
    if (to !== n || signal.aborted) return;
    for (const [id, raw] of models) {
      if (known.has(id) && known.get(id).raw === raw) {
        const [sum, kind] = each[id];
        found(compare(known.get(id), sum, names[kind]));
      } else {
        known.get(id)?.leave();
        if (raw) known.set(id, held(raw, stir, signal));
        if (raw?.get("_model_name") === "ButtonModel") reliable(raw, id);
        found(DIFFERS);
      }
    }
    for (const [id, own] of known) if (!(id in each)) known.delete(id), own.leave();
    odd = [...known.values()].some(({ tries }) => tries >= ODD);
    look();
    rest = worst === SAME ? rest + 1 : 0;
    const beats = worst === DIFFERS ? 1 / 2 : Math.min(Math.max(rest, 1), 3);
    if (rest <= PINGS) at(last + BEAT * beats);
    else clearTimeout(timer), (timer = 0);
  };

  const reliable = (raw, id) => {
    const send = raw.send.bind(raw);
    raw.send = (content, ...more) => {
      if (content?.event !== "click" || signal.aborted) return send(content, ...more);
      insist({ kind: "click", id }, undefined, Symbol("click"));
      stir();
    };
  };

  const again = (error) => {
    console.debug("fedplay: page and kernel are compared once more", error);
    stir();
  };
  const hear = (content) => {
    if (content?.kind === "pong") hearing = hearing.then(() => hearPong(content)).catch(again);
    if (content?.kind === "busy") busy = true;
  };
  const wake = () => document.hidden || stir();
  model.on("msg:custom", hear);
  document.addEventListener("visibilitychange", wake, { signal });
  const line = manager.kernel?.connectionStatusChanged;
  const reconnected = () => {
    misses = 0;
    look();
    stir();
  };
  line?.connect(reconnected);
  signal.addEventListener("abort", () => {
    model.off("msg:custom", hear);
    line?.disconnect(reconnected);
    clearTimeout(timer);
  });
  stir();
}

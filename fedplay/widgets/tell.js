// Said to the kernel, by both of our modules. A page that is being left goes on for a moment, and its
// kernel may be gone by then: nobody waits for what it has to say.
//
// What must not be lost is said again until the kernel has heard it. Such a message carries a mark:
//
//   page -> kernel   {kind, ..., mark}
//   kernel -> page   {kind: "heard", marks}

const AGAIN = 500; // ms, then twice as long, and so on
const SELDOM = 2000; // ms

const teller = (model) => (message) => {
  try {
    model.send(message);
  } catch (error) {
    console.debug("fedplay: the kernel does not hear", message.kind, error);
  }
};

// `insist(message, heard, key)`: of the messages with one key (else the kind) the newest counts.
function insisting(model, tell, signal) {
  const unheard = new Map();
  let [timer, wait] = [0, AGAIN];
  const later = () => {
    clearTimeout(timer);
    timer = unheard.size && !signal.aborted ? setTimeout(again, wait) : 0;
  };
  const again = () => {
    for (const { message } of unheard.values()) tell(message);
    wait = Math.min(2 * wait, SELDOM);
    later();
  };
  const hear = (content) => {
    if (content?.kind !== "heard") return;
    for (const [key, { message, heard }] of [...unheard]) {
      if (!content.marks.includes(message.mark)) continue;
      unheard.delete(key);
      heard?.();
    }
    later();
  };
  model.on("msg:custom", hear);
  signal.addEventListener("abort", () => {
    model.off("msg:custom", hear);
    clearTimeout(timer);
  });
  return (content, heard, key = content.kind) => {
    const message = { ...content, mark: 1 + Math.floor(Math.random() * 2 ** 52) };
    unheard.set(key, { message, heard });
    tell(message);
    wait = AGAIN;
    later();
  };
}

function make(tag, className, parent) {
  const element = document.createElement(tag);
  element.className = className;
  parent.append(element);
  return element;
}

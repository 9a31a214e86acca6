// Puts the record on the page: the picture, its sentence, and the same facts as a list.
import { draw } from './draw.js';
import { lanes, layout } from './layout.js';
import { caption, hint, row, stories } from './story.js';

const narrow = matchMedia('(max-width: 719px)');
const still = matchMedia('(prefers-reduced-motion: reduce)');

export function timeline({ recorder, session, parts }) {
  const { frame, names, scroller, picture, sentence, next, list, empty, legend, details } = parts;
  const pen = document.createElement('canvas').getContext('2d');
  const seen = new Set(recorder.items.map((item) => item.id));
  let asked = false;
  let stale = true;

  names.append(
    ...lanes.map(({ name, note }) => {
      const cell = document.createElement('div');
      const strong = document.createElement('strong');
      const small = document.createElement('small');
      strong.textContent = name;
      small.textContent = note;
      cell.append(strong, small);
      return cell;
    }),
  );

  details.open = !narrow.matches;

  function show() {
    asked = false;
    const { items } = recorder;
    const signedIn = session.state.isLoggedIn;
    const standing = narrow.matches;
    frame.classList.toggle('standing', standing);
    empty.hidden = items.length > 0;
    for (const part of [frame, legend, details]) part.hidden = items.length === 0;

    // A page that is not laid out yet, or is being printed, may have no breadth.
    if (items.length && scroller.clientWidth > 100) {
      // The shorthand is empty where a part of it, as the numerals' style, cannot be said in it.
      const { fontSize, fontFamily } = getComputedStyle(picture);
      pen.font = `${fontSize} ${fontFamily}`;
      const measure = (text) => pen.measureText(text).width;
      const plan = layout(items, { measure, standing });
      const options = {
        standing,
        measure,
        seen,
        signedIn,
        breadth: scroller.clientWidth,
        room: standing ? 0 : scroller.clientWidth,
      };
      const sizes = draw(picture, plan, options);
      // Assigning through the CSSOM is allowed where style attributes are not.
      [...names.children].forEach((cell, i) => (cell.style.height = standing ? '' : `${sizes[i]}px`));
      const behavior = still.matches ? 'instant' : 'smooth';
      scroller.scrollTo(standing ? { top: picture.clientHeight, behavior } : { left: plan.length, behavior });
    }

    const told = items.length ? caption(stories(items).at(-1), signedIn) : '';
    if (told !== null && sentence.textContent !== told) sentence.textContent = told;
    next.textContent = hint(items, signedIn);
    if (stale) list.replaceChildren(...items.toReversed().map(line));
    stale = false;
    // What is under way grows.
    if (items.some((item) => item.to === null)) ask();
  }

  function line(item) {
    const tr = document.createElement('tr');
    for (const text of row(item)) tr.append(Object.assign(document.createElement('td'), { textContent: text }));
    return tr;
  }

  function ask() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(show);
  }

  recorder.subscribe(() => {
    stale = true;
    ask();
  });
  session.subscribe(ask);
  narrow.addEventListener('change', ask);
  new ResizeObserver(ask).observe(frame.parentElement);
  ask();
}

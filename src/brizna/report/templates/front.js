(function () {
  'use strict';
  document.documentElement.classList.add('scripted');
  const svg = 'http://www.w3.org/2000/svg';
  const plot = document.getElementById('plot');
  const figures = JSON.parse(document.getElementById('plot-data').textContent);
  const now = document.getElementById('plot-now');
  const only = document.getElementById('chosen-only');
  const line = plot.querySelector('.line');
  const selects = ['x', 'y'].map(way => document.getElementById(`${way}-figure`));
  const first = selects.map(
    select => select && select.querySelector('[selected]').value);
  const kinds = [...document.querySelectorAll('fieldset[data-kind]')];
  function linkTo(element, head) {
    const link = document.createElement('a');
    link.className = 'figure';
    link.href = `#${element.id}`;
    link.append(...head.childNodes);
    head.append(link);
  }

  const spots = [...document.querySelectorAll('tbody tr[id]')].map((row, at) => {
    const [element, bars] = ['point', 'bars'].map(
      kind => document.getElementById(row.id.replace('row', kind)));
    const circle = element && element.querySelector('.point');
    if (element && !row.querySelector('th a')) linkTo(element, row.querySelector('th'));
    return {
      row,
      element,
      bars,
      name: row.querySelector('th').textContent,
      at,
      x: circle ? Number(circle.getAttribute('cx')) : NaN,
      y: circle ? Number(circle.getAttribute('cy')) : NaN,
      isKnown: Boolean(element) && !element.hasAttribute('display'),
      isLeftOut: false,
      isChosen: false,
    };
  });

  function set(element, values) {
    for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
  }

  function made(name, values, text = '') {
    const element = document.createElementNS(svg, name);
    set(element, values);
    element.textContent = text;
    return element;
  }

  function show(element, isShown) {
    if (isShown) element.removeAttribute('display');
    else element.setAttribute('display', 'none');
  }

  const isSeen = spot => spot.isKnown && !spot.isLeftOut;

  // What follows from the state of all spots: which are drawn, which rows are there, what is said.
  function tell() {
    const chosen = spots.filter(spot => spot.isChosen && isSeen(spot));
    plot.classList.toggle('some', chosen.length > 0);
    for (const spot of spots) {
      const isOn = chosen.includes(spot);
      spot.row.hidden = spot.isLeftOut || (only.checked && chosen.length > 0 && !isOn);
      for (const one of [spot.row, spot.element, spot.bars]) {
        if (one && isOn) one.setAttribute('aria-current', 'true');
        else if (one) one.removeAttribute('aria-current');
      }
      for (const one of [spot.element, spot.bars]) if (one) show(one, isSeen(spot));
    }
    const links = chosen.map(spot => {
      const link = document.createElement('a');
      link.href = `#${spot.row.id}`;
      link.textContent = spot.name;
      return link;
    });
    const said = links.flatMap((link, at) => (at ? ['; ', link] : [link]));
    now.replaceChildren(...(links.length ? [`${now.dataset.some} `, ...said] : [now.dataset.none]));
  }

  function choose(some, adds) {
    const isAlone = some.length === 1 && spots.every(spot => spot.isChosen === (spot === some[0]));
    for (const spot of spots) {
      if (!some.includes(spot)) spot.isChosen = adds && spot.isChosen;
      else spot.isChosen = !(isAlone || (adds && some.length === 1 && spot.isChosen));
    }
    tell();
  }

  // ---------------------------------------------------------------------------------------- axes

  function place(spot, across, up) {
    spot.isKnown = Boolean(spot.element && across && up);
    if (!spot.isKnown) return;
    const [left, x, right] = across;
    const [bottom, y, top] = up;
    const part = name => spot.element.querySelector(name);
    [spot.x, spot.y] = [x, y];
    set(spot.bars.querySelector('.x'), { x1: left, x2: right, y1: y, y2: y });
    set(spot.bars.querySelector('.y'), { x1: x, x2: x, y1: bottom, y2: top });
    for (const circle of spot.element.querySelectorAll('circle')) set(circle, { cx: x, cy: y });
    const cross = part('.cross');
    if (cross) set(cross, { transform: `translate(${x} ${y})` });
    const label = part('text');
    const isFar = x > 0.7 * plot.viewBox.baseVal.width;
    if (label) {
      set(label, { x: x + (isFar ? -10 : 10), y: y - 9, 'text-anchor': isFar ? 'end' : 'start' });
    }
  }

  const edge = name => Number(plot.dataset[name]);

  function label(way, figure) {
    plot.querySelector(`.${way}.name`).textContent = figure.name;
    const rule = at => way === 'x'
      ? { x1: at, x2: at, y1: edge('top'), y2: edge('bottom') }
      : { x1: edge('left'), x2: edge('right'), y1: at, y2: at };
    const words = at => way === 'x'
      ? { x: at, y: edge('bottom') + 18, 'text-anchor': 'middle' }
      : { x: edge('left') - 8, y: at + 4, 'text-anchor': 'end' };
    const ticks = figure[`${way}_ticks`].flatMap(
      ([at, text]) => [made('line', rule(at)), made('text', words(at), text)]);
    plot.querySelector(`.${way}.ticks`).replaceChildren(...ticks);
    const mark = plot.querySelector(`.${way}.mark`);
    const at = figure[`${way}_mark`];
    show(mark, at !== null);
    if (at !== null) set(mark, rule(at));
  }

  function turn() {
    const [across, up] = selects.map(select => figures[select.value]);
    label('x', across);
    label('y', up);
    for (const spot of spots) place(spot, across.x[spot.at], up.y[spot.at]);
    show(line, selects.every((select, at) => select.value === first[at]));  // the front is of these
    tell();
  }

  // ------------------------------------------------------------------------------------- choosing

  function leaveOut() {
    for (const spot of spots) {
      spot.isLeftOut = kinds.some(kind => {
        const group = spot.row.dataset[kind.dataset.kind];
        return [...kind.querySelectorAll('input')].some(box => box.value === group && !box.checked);
      });
    }
    tell();
  }

  const adds = event => event.shiftKey || event.ctrlKey || event.metaKey;

  for (const spot of spots) {
    for (const link of [spot.element, spot.row.querySelector('th a')]) {
      if (!link) continue;
      link.addEventListener('click', event => {
        event.preventDefault();
        choose([spot], adds(event));
        if (!adds(event)) plot.scrollIntoView({ block: 'nearest' });
      });
    }
  }

  let box = null;
  let from = null;

  function where(event) {
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(plot.getScreenCTM().inverse());
  }

  plot.addEventListener('pointerdown', event => {
    if (event.pointerType === 'touch' || event.button !== 0) return;  // a finger scrolls
    if (event.target.closest('.spot')) return;
    from = where(event);
    box = made('rect', { class: 'box', x: from.x, y: from.y, width: 0, height: 0 });
    plot.append(box);
    plot.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  plot.addEventListener('pointermove', event => {
    if (!box) return;
    const to = where(event);
    set(box, {
      x: Math.min(from.x, to.x),
      y: Math.min(from.y, to.y),
      width: Math.abs(to.x - from.x),
      height: Math.abs(to.y - from.y),
    });
  });
  plot.addEventListener('pointerup', event => {
    if (!box) return;
    const [x, y, width, height] = ['x', 'y', 'width', 'height'].map(
      name => Number(box.getAttribute(name)));
    box.remove();
    box = null;
    choose(spots.filter(spot => isSeen(spot)
      && spot.x >= x && spot.x <= x + width && spot.y >= y && spot.y <= y + height), adds(event));
  });
  plot.addEventListener('pointercancel', () => {
    if (box) box.remove();
    box = null;
  });
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape') choose([], false);
  });
  only.addEventListener('change', tell);
  for (const kind of kinds) kind.addEventListener('change', leaveOut);
  for (const select of selects) if (select) select.addEventListener('change', turn);
  // A browser may have kept what was chosen before; else the drawing stands as it came.
  if (selects.some((select, at) => select && select.value !== first[at])) turn();
  leaveOut();
}());

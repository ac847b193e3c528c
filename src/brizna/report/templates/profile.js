(function () {
  'use strict';
  document.documentElement.classList.add('scripted');
  const drawing = document.getElementById('drawing');
  const now = document.getElementById('flame-now');
  const whole = drawing.viewBox.baseVal.width;
  const letter = 6.6;
  const boxes = [...drawing.querySelectorAll('.box')].map(element => ({
    element,
    rect: element.querySelector('rect'),
    text: element.querySelector('text'),
    x: Number(element.dataset.x),
    width: Number(element.dataset.width),
    depth: Number(element.dataset.depth),
    above: element.dataset.above,
    title: element.querySelector('title').textContent,
  }));
  const byId = new Map(boxes.map(box => [box.element.id, box]));
  let current = null;

  function label(box, width) {
    const short = box.element.dataset.short;
    const letters = Math.floor((width - 6) / letter);
    if (letters < 3) {
      if (box.text) box.text.textContent = '';
      return;
    }
    if (!box.text) {
      box.text = document.createElementNS('http://www.w3.org/2000/svg', 'text');
      box.text.setAttribute('y', box.depth * Number(drawing.dataset.row) + 15);
      box.element.append(box.text);
    }
    box.text.textContent = short.length <= letters ? short : `${short.slice(0, letters - 1)}…`;
  }

  // Make one box as wide as the drawing: what called it stays above it, what is beside it goes.
  function widen(chosen) {
    const from = chosen ? chosen.x : 0;
    const width = chosen ? chosen.width : whole;
    for (const box of boxes) {
      const isOff = box.x + box.width <= from + 1e-6 || box.x >= from + width - 1e-6;
      box.element.classList.toggle('off', isOff);
      if (isOff) continue;
      const left = Math.max(0, (box.x - from) / width) * whole;
      const right = Math.min(1, (box.x + box.width - from) / width) * whole;
      box.rect.setAttribute('x', left);
      box.rect.setAttribute('width', Math.max(right - left, 0.4));
      label(box, right - left);
      if (box.text) box.text.setAttribute('x', left + 4);
    }
  }

  function choose(box) {
    if (current) current.element.classList.remove('on');
    current = box;
    now.textContent = box ? box.title : '';
    if (box) box.element.classList.add('on');
  }

  function beside(box, step) {
    const row = boxes.filter(
      other => other.depth === box.depth && !other.element.classList.contains('off'));
    return row[row.indexOf(box) + step] || box;
  }

  function below(box) {
    return boxes.find(
      other => other.above === box.element.id && !other.element.classList.contains('off')) || box;
  }

  drawing.addEventListener('click', event => {
    const box = byId.get(event.target.closest('.box')?.id);
    if (box) {
      choose(box);
      widen(box);
    }
  });
  drawing.setAttribute('tabindex', '0');
  drawing.setAttribute('role', 'application');
  drawing.setAttribute('aria-describedby', 'flame-keys flame-now');
  drawing.addEventListener('keydown', event => {
    const first = current || boxes[0];
    if (!first) return;
    const moves = {
      ArrowRight: () => choose(current ? beside(first, 1) : first),
      ArrowLeft: () => choose(current ? beside(first, -1) : first),
      ArrowDown: () => choose(current ? below(first) : first),
      ArrowUp: () => choose(byId.get(first.above) || first),
      Enter: () => widen(current),
      Escape: () => widen(null),
    };
    if (moves[event.key]) {
      moves[event.key]();
      event.preventDefault();
    }
  });
}());

(function () {
  'use strict';
  const page = document.documentElement;
  page.classList.add('scripted');

  const written = id => JSON.parse(document.getElementById(id).textContent);
  const tip = document.getElementById('tip');

  // What the pointer is on, in words: textContent only, so that no name in a record becomes markup.
  function showTip(handler, event, item, value) {
    if (value === null || value === undefined || value === '') {
      tip.hidden = true;
      return;
    }
    tip.replaceChildren(...Object.entries(value).map(([name, text]) => {
      const line = document.createElement('div');
      line.textContent = name.trim() ? `${name}: ${text}` : text;
      return line;
    }));
    tip.hidden = false;
    const right = event.clientX + 16 + tip.offsetWidth > window.innerWidth;
    const left = right ? event.clientX - tip.offsetWidth - 16 : event.clientX + 16;
    tip.style.setProperty('left', `${Math.max(8, left)}px`);
    tip.style.setProperty('top', `${event.clientY + 16}px`);
  }

  async function draw(place, locale) {
    const chart = written(place.dataset.chart);
    const compiled = vegaLite.compile(chart).spec;
    const runtime = vega.parse(compiled, null, { ast: true });
    const view = new vega.View(runtime, {
      expr: vegaInterpreter.expressionInterpreter,
      renderer: 'svg',
      container: place,
      hover: true,
      locale: locale,
      tooltip: showTip,
    });
    await view.runAsync();
    const drawing = place.querySelector('svg');
    drawing.setAttribute('aria-label', place.dataset.label);
  }

  async function drawAll() {
    const locale = written('locale');
    for (const place of document.querySelectorAll('[data-chart]')) {
      await draw(place, locale);
    }
    page.dataset.drawn = 'yes';
  }

  // A number leads to its explanation, which may be folded away.
  function reveal() {
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!place || !place.closest('details')) return;
    for (let fold = place.closest('details'); fold; fold = fold.parentElement.closest('details')) {
      fold.open = true;
    }
    place.scrollIntoView();
  }
  window.addEventListener('hashchange', reveal);
  reveal();

  // Folded explanations open for print and fold again behind it.
  const folded = [];
  window.addEventListener('beforeprint', () => {
    for (const fold of document.querySelectorAll('details:not([open])')) {
      fold.open = true;
      folded.push(fold);
    }
  });
  window.addEventListener('afterprint', () => {
    while (folded.length) folded.pop().open = false;
  });

  drawAll();
})();

// Pan, zoom, layers, sorting and the link between a row and its site: fewer lines than a map library would take to set up.
'use strict';
(() => {
  const all = (query, from = document) => [...from.querySelectorAll(query)];
  const svg = document.getElementById('drawing');
  const map = document.getElementById('map');

  // The map: a window on the drawing, in units of the drawing.
  if (svg) {
    const home = svg.viewBox.baseVal;
    const whole = { x: home.x, y: home.y, width: home.width, height: home.height };
    const metres = Number(svg.dataset.m);
    const scale = document.getElementById('scale');
    let view = { ...whole };

    // Units of the drawing that a pixel shows.
    const unit = () => Math.max(view.width / svg.clientWidth, view.height / svg.clientHeight) || 1;

    const draw = () => {
      svg.setAttribute('viewBox', `${view.x} ${view.y} ${view.width} ${view.height}`);
      const u = unit();
      map.style.setProperty('--u', u);
      for (const hatch of all('pattern.hatch')) {
        hatch.setAttribute('patternTransform', `scale(${u}) rotate(${hatch.dataset.turn})`);
      }
      const most = 140 * u * metres;
      const power = 10 ** Math.floor(Math.log10(most));
      const length = [5, 2, 1].find((step) => step * power <= most) * power;
      scale.style.width = `${length / metres / u}px`;
      scale.textContent = length >= 1000 ? `${length / 1000} km` : `${length} m`;
    };

    const zoom = (by, x = view.x + view.width / 2, y = view.y + view.height / 2) => {
      const width = Math.min(Math.max(view.width / by, whole.width / 400), whole.width * 2);
      const ratio = width / view.width;
      view = { x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio, width, height: view.height * ratio };
      draw();
    };

    const move = (dx, dy) => {
      view.x += dx;
      view.y += dy;
      draw();
    };

    const showAll = () => {
      view = { ...whole };
      draw();
    };

    const at = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());

    svg.addEventListener('wheel', (event) => {
      event.preventDefault();
      const point = at(event);
      zoom(event.deltaY < 0 ? 1.25 : 0.8, point.x, point.y);
    }, { passive: false });

    let last = null;
    let moved = 0;
    svg.addEventListener('pointerdown', (event) => {
      last = event;
      moved = 0;
    });
    window.addEventListener('pointermove', (event) => {
      if (!last) return;
      const u = unit();
      moved += Math.abs(event.clientX - last.clientX) + Math.abs(event.clientY - last.clientY);
      move((last.clientX - event.clientX) * u, (last.clientY - event.clientY) * u);
      last = event;
    });
    window.addEventListener('pointerup', () => {
      last = null;
      // The click that ends a drag comes first.
      setTimeout(() => { moved = 0; });
    });

    document.getElementById('zoom-in').addEventListener('click', () => zoom(1.6));
    document.getElementById('zoom-out').addEventListener('click', () => zoom(1 / 1.6));
    document.getElementById('zoom-all').addEventListener('click', showAll);
    map.addEventListener('keydown', (event) => {
      const step = view.width / 8;
      const does = {
        ArrowLeft: () => move(-step, 0),
        ArrowRight: () => move(step, 0),
        ArrowUp: () => move(0, -step),
        ArrowDown: () => move(0, step),
        '+': () => zoom(1.6),
        '=': () => zoom(1.6),
        '-': () => zoom(1 / 1.6),
        0: showAll,
      }[event.key];
      if (does && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        does();
      }
    });

    for (const box of all('input[data-layer]')) {
      box.addEventListener('change', () => {
        document.getElementById(box.dataset.layer).style.display = box.checked ? '' : 'none';
      });
    }

    // A row and its site.
    const mark = (number) => {
      for (const marked of all('[data-site]')) {
        marked.classList.toggle('on', marked.dataset.site === number);
      }
      return { shape: svg.querySelector(`[data-site="${number}"]`), row: document.querySelector(`tr[data-site="${number}"]`) };
    };

    const show = (row) => {
      const { shape } = mark(row.dataset.site);
      if (!shape) return;
      const box = shape.getBBox();
      const width = Math.max(box.width, box.height * whole.width / whole.height, whole.width / 60) * 4;
      const height = width * whole.height / whole.width;
      view = { x: box.x + box.width / 2 - width / 2, y: box.y + box.height / 2 - height / 2, width, height };
      draw();
      map.scrollIntoView({ block: 'center' });
    };

    for (const row of all('tr[data-site]')) {
      row.addEventListener('click', () => show(row));
      row.addEventListener('keydown', (event) => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          show(row);
        }
      });
    }
    for (const shape of all('path[data-site]', svg)) {
      shape.addEventListener('click', () => {
        if (moved > 4) return;
        const { row } = mark(shape.dataset.site);
        if (row) row.scrollIntoView({ block: 'center' });
      });
    }

    window.addEventListener('resize', draw);
    window.addEventListener('beforeprint', draw);
    draw();
  }

  // Tables: a heading sorts, once more turns the order; what is not known stays last.
  for (const button of all('button.sort')) {
    button.addEventListener('click', () => {
      const head = button.closest('th');
      const column = head.cellIndex;
      const body = head.closest('table').tBodies[0];
      const sign = head.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
      const value = (row) => {
        const cell = row.cells[column];
        if (cell.dataset.v !== undefined) return cell.dataset.v === '' ? null : Number(cell.dataset.v);
        const text = cell.textContent.trim();
        return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
      };
      const compare = (a, b) => {
        if (a === null || b === null) return (a === null) - (b === null);
        if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
        return sign * String(a).localeCompare(String(b), document.documentElement.lang, { numeric: true });
      };
      for (const other of all('th', head.parentNode)) other.setAttribute('aria-sort', 'none');
      head.setAttribute('aria-sort', sign > 0 ? 'ascending' : 'descending');
      const rows = [...body.rows].map((row) => [value(row), row]);
      rows.sort((a, b) => compare(a[0], b[0]));
      body.append(...rows.map(([, row]) => row));
    });
  }
})();

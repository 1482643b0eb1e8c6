/** The signs as pictures for the map, drawn like parts/Signs.svelte in the colours of the theme. */

export type Colour = (token: string) => string;
const RATIO = 3;
export const ARC_STEPS = 12;

type Draw = (c: CanvasRenderingContext2D, colour: Colour) => void;

function ring(c: CanvasRenderingContext2D, radius: number, stroke: string, width: number) {
  c.beginPath();
  c.arc(12, 12, radius, 0, 2 * Math.PI);
  c.strokeStyle = stroke;
  c.lineWidth = width;
  c.stroke();
}

const LAMPS: Record<string, Draw> = {
  off: (c, colour) => ring(c, 4.75, colour('--neutral'), 2),
  unpowered: (c, colour) => {
    c.beginPath();
    c.arc(12, 12, 2.5, 0, 2 * Math.PI);
    c.fillStyle = colour('--neutral');
    c.fill();
  },
  fault: (c, colour) => {
    const diamond = new Path2D('M12 3.5 20.5 12 12 20.5 3.5 12Z');
    c.lineJoin = 'round';
    c.fillStyle = colour('--fault');
    c.strokeStyle = colour('--map');
    c.lineWidth = 1.75;
    c.fill(diamond);
    c.stroke(diamond);
    c.lineWidth = 2;
    c.lineCap = 'round';
    c.stroke(new Path2D('M12 8.2v4.6M12 15.4v.3'));
  },
  silent: (c, colour) => {
    c.setLineDash([3, 2.16]);
    ring(c, 5.75, colour('--silent'), 2);
  },
  planned: (c, colour) => {
    c.strokeStyle = colour('--accent-line');
    c.lineWidth = 1.75;
    c.lineCap = 'round';
    c.setLineDash([2.5, 3]);
    c.strokeRect(5.5, 5.5, 13, 13);
    c.setLineDash([]);
    c.stroke(new Path2D('M12 9v6M9 12h6'));
  },
  unmanaged: (c, colour) => {
    c.strokeStyle = colour('--neutral');
    c.lineWidth = 1.75;
    c.beginPath();
    c.roundRect(6.5, 6.5, 11, 11, 1.5);
    c.stroke();
    c.beginPath();
    c.arc(12, 12, 2.75, 0, 2 * Math.PI);
    c.fillStyle = colour('--lamp-high');
    c.fill();
  },
};

function bay(fill: string | null, stroke: string, width: number): Draw {
  return (c, colour) => {
    c.beginPath();
    c.roundRect(1, 1, 22, 10, 3.5);
    c.fillStyle = colour(fill ?? '--map');
    c.fill();
    c.strokeStyle = colour(stroke);
    c.lineWidth = width;
    c.stroke();
  };
}

const BAYS: Record<string, Draw> = {
  vacant: (c, colour) => {
    bay(null, '--good', 1.8)(c, colour);
    c.beginPath();
    c.arc(12, 6, 2.2, 0, 2 * Math.PI);
    c.fillStyle = colour('--good');
    c.fill();
  },
  occupied: bay('--neutral', '--neutral', 1.8),
  unknown: (c, colour) => {
    bay(null, '--neutral', 1.5)(c, colour);
    c.stroke(new Path2D('M3.5 9.8 8.5 2M8.5 10 13.5 2M13.5 10 18.5 2M18 10l3.6-5.6'));
  },
  closed: (c, colour) => {
    bay(null, '--neutral', 1.5)(c, colour);
    c.strokeStyle = colour('--fault');
    c.lineWidth = 2;
    c.lineCap = 'round';
    c.stroke(new Path2D('M8.5 3 15.5 9M15.5 3 8.5 9'));
  },
};

/** An override's ring: a faint circle, and an arc of the time that is left. */
function arc(step: number): Draw {
  return (c, colour) => {
    c.globalAlpha = 0.3;
    ring(c, 7.75, colour('--override'), 1.75);
    c.globalAlpha = 1;
    c.beginPath();
    c.arc(12, 12, 7.75, -Math.PI / 2, -Math.PI / 2 + (2 * Math.PI * step) / ARC_STEPS);
    c.stroke();
  };
}

function picture(draw: Draw, height: number, colour: Colour): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = 24 * RATIO;
  canvas.height = height * RATIO;
  const c = canvas.getContext('2d')!;
  c.scale(RATIO, RATIO);
  draw(c, colour);
  return c.getImageData(0, 0, canvas.width, canvas.height);
}

/** Every picture by its name, at RATIO pixels for one. */
export function pictures(colour: Colour): { name: string; data: ImageData; ratio: number }[] {
  const arcs = Array.from({ length: ARC_STEPS + 1 }, (_, i) => [`arc-${i}`, arc(i), 24] as const);
  const lamps = Object.entries(LAMPS).map(([n, d]) => [`lamp-${n}`, d, 24] as const);
  const bays = Object.entries(BAYS).map(([n, d]) => [`bay-${n}`, d, 12] as const);
  return [...lamps, ...arcs, ...bays].map(([name, draw, height]) => (
    { name, data: picture(draw, height, colour), ratio: RATIO }));
}

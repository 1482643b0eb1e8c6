/** The map itself: MapLibre behind a handful of calls. Loaded when the frame is painted. */
import { LngLatBounds, Map as Gl, Marker, setWorkerUrl, type GeoJSONSource } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import './map.css';
import { pictures, type Colour } from './icons.ts';
import { M_PER_PIXEL, styleOf } from './style.ts';

setWorkerUrl(workerUrl);

export interface Label {
  id: string; lon: number; lat: number; kind: 'fault' | 'over' | 'mute' | 'tip'; title: string; text: string;
  stale: boolean;
}
export interface Told {
  onpick: (kind: Kind, id: string, more: boolean) => void;
  onhover: (kind: Kind, id: string) => void;
  onview: (view: { zoom: number; lat: number; lon: number; m_per_pixel: number }) => void;
}
type Feature = GeoJSON.Feature;
type Source = 'streets' | 'chosen' | 'picked' | 'planned' | 'lamps' | 'bays';
type Kind = 'lamp' | 'bay' | 'planned' | 'street' | 'none';
const REACH_PX = 12;
const SMALL_PX = 500;
const DRAW_MS = 200;
const DRAW_MS_EACH = 0.3;
const LABEL_PX = 230;
const NEAR_ZOOM = 16.5;
const LABEL_ZOOM_MIN = 14.6;
const PICKED = ['lamp-core', 'lamp-sign', 'lamp-halo', 'bays', 'planned', 'pavement'];

function colourReader(): { colour: Colour; done: () => void } {
  const probe = document.createElement('i');
  document.body.append(probe);
  const colour = (token: string) => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  return { colour, done: () => probe.remove() };
}

export class QuarterMap {
  readonly gl: Gl;
  #data = new Map<string, Feature[]>();
  #looks = new Map<string, string>();
  #labels = new Map<string, { marker: Marker; text: string; side: string }>();
  #late = new Map<string, ReturnType<typeof setTimeout>>();
  #ready = false;
  #lat: number;

  constructor(holder: HTMLElement, place: { lat: number; lon: number; zoom: number }, told: Told,
    label: string) {
    this.#lat = place.lat;
    this.gl = new Gl({
      container: holder, center: [place.lon, place.lat], zoom: place.zoom, minZoom: 11, maxZoom: 20.5,
      attributionControl: false, dragRotate: false, boxZoom: false, pitchWithRotate: false, touchPitch: false,
      locale: { 'Map.Title': label }, fadeDuration: 0,
    });
    this.gl.touchZoomRotate.disableRotation();
    this.gl.on('click', (e) => {
      const [kind, id] = this.#under(e.point.x, e.point.y);
      told.onpick(kind, id, e.originalEvent.shiftKey);
    });
    this.gl.on('mousemove', (e) => {
      const [over, id] = this.#under(e.point.x, e.point.y);
      this.gl.getCanvas().style.cursor = over === 'none' ? '' : 'pointer';
      told.onhover(over, id);
    });
    this.gl.on('mouseout', () => told.onhover('none', ''));
    const view = () => {
      const { lat, lng } = this.gl.getCenter();
      const zoom = this.gl.getZoom();
      holder.classList.toggle('far', zoom < LABEL_ZOOM_MIN);
      const m_per_pixel = (M_PER_PIXEL * Math.cos((lat * Math.PI) / 180)) / 2 ** zoom;
      told.onview({ zoom, lat, lon: lng, m_per_pixel });
    };
    this.gl.on('moveend', view);
    this.gl.once('load', view);
  }

  /** Draws everything anew in the colours of the theme. */
  dress(dark: boolean) {
    const { colour, done } = colourReader();
    this.gl.setStyle(styleOf(colour, this.#lat, dark), { diff: false });
    const images = pictures(colour);
    done();
    this.#ready = false;
    this.gl.once('style.load', () => {
      for (const { name, data, ratio } of images) {
        if (!this.gl.hasImage(name)) this.gl.addImage(name, data, { pixelRatio: ratio });
      }
      this.#ready = true;
      for (const name of this.#data.keys()) this.#show(name);
    });
  }

  put(source: Source, features: Feature[]) {
    // Most reports change nothing that can be seen, and drawing is what costs.
    const seen = lookOf(features);
    if (this.#looks.get(source) === seen && this.#data.has(source)) return;
    this.#looks.set(source, seen);
    this.#data.set(source, features);
    if (this.#late.has(source)) return;
    // Reports come many a second; the map is drawn at once, and then a few times a second.
    this.#show(source);
    this.#late.set(source, setTimeout(() => {
      this.#late.delete(source);
      if (this.#data.get(source) !== features) this.#again(source);
    }, Math.max(DRAW_MS, features.length * DRAW_MS_EACH)));
  }

  /** Draws what came while the last drawing was still young. */
  #again(source: Source) {
    const features = this.#data.get(source) ?? [];
    this.#looks.delete(source);
    this.put(source, features);
  }

  #show(name: string) {
    if (!this.#ready) return;
    const source = this.gl.getSource<GeoJSONSource>(name);
    source?.setData({ type: 'FeatureCollection', features: this.#data.get(name) ?? [] });
  }

  #under(x: number, y: number): [Kind, string] {
    if (!this.#ready) return ['none', ''];
    const layers = PICKED.filter((id) => this.gl.getLayer(id));
    const box: [[number, number], [number, number]] = [[x - REACH_PX, y - REACH_PX], [x + REACH_PX, y + REACH_PX]];
    const hits = this.gl.queryRenderedFeatures(box, { layers });
    const lamp = hits.find((h) => h.layer.id.startsWith('lamp'));
    if (lamp) return ['lamp', String(lamp.properties.id)];
    const bay = hits.find((h) => h.layer.id === 'bays');
    if (bay) return ['bay', String(bay.properties.id)];
    const planned = hits.find((h) => h.layer.id === 'planned');
    if (planned) return ['planned', String(planned.properties.id)];
    const street = this.gl.queryRenderedFeatures([x, y], { layers: ['pavement'] })[0];
    return street ? ['street', String(street.properties.id)] : ['none', ''];
  }

  /** Words on the map, for exceptions only. */
  label(labels: Label[]) {
    const keep = new Set(labels.map((l) => l.id));
    for (const [id, { marker }] of this.#labels) {
      if (!keep.has(id)) { marker.remove(); this.#labels.delete(id); }
    }
    for (const l of labels) {
      const x = this.gl.project([l.lon, l.lat]).x;
      const side = l.kind === 'over' ? 'bottom' : x > this.gl.getContainer().clientWidth - LABEL_PX ? 'right' : 'left';
      const text = `${side}|${l.kind}|${l.title}|${l.text}|${l.stale}`;
      const old = this.#labels.get(l.id);
      if (old?.text === text) continue;
      if (old && old.side !== side) old.marker.remove();
      const marker = old?.side === side ? old.marker : new Marker({
        element: document.createElement('div'), anchor: side as 'bottom' | 'right' | 'left',
        offset: side === 'bottom' ? [0, -20] : side === 'left' ? [18, 0] : [-18, 0],
      }).setLngLat([l.lon, l.lat]).addTo(this.gl);
      const node = marker.getElement();
      marker.setLngLat([l.lon, l.lat]);
      node.classList.add('say', l.kind);
      node.setAttribute('role', 'note');
      node.replaceChildren(...spans(l));
      this.#labels.set(l.id, { marker, text, side });
    }
  }

  fit(points: [number, number][], padding: { top: number; right: number; bottom: number; left: number }) {
    if (!points.length) return;
    const bounds = points.reduce((b, p) => b.extend(p), new LngLatBounds(points[0], points[0]));
    this.gl.fitBounds(bounds, { padding, maxZoom: 18, duration: 0 });
  }

  /** Brings what was chosen into view, if it is not. */
  reach(points: [number, number][]) {
    this.gl.resize();
    const { clientWidth, clientHeight } = this.gl.getContainer();
    const small = clientHeight < SMALL_PX;
    const [top, aside, bottom] = [70, 40, small ? 30 : 110];
    const isFree = (p: [number, number]) => {
      const { x, y } = this.gl.project(p);
      return x > aside && x < clientWidth - aside && y > top && y < clientHeight - bottom;
    };
    const isFar = small && this.gl.getZoom() < NEAR_ZOOM && points.length === 1;
    if (!points.length || (points.every(isFree) && !isFar)) return;
    const bounds = points.reduce((b, p) => b.extend(p), new LngLatBounds(points[0], points[0]));
    this.gl.fitBounds(bounds, { padding: { top, left: aside, right: aside, bottom },
      maxZoom: Math.max(17, Math.min(18, this.gl.getZoom())), duration: 140 });
  }

  zoomBy(step: number) {
    this.gl.zoomTo(this.gl.getZoom() + step, { duration: 140 });
  }

  remove() {
    for (const timer of this.#late.values()) clearTimeout(timer);
    this.gl.remove();
  }
}

/** Everything of features that can be seen, as text to compare. */
function lookOf(features: Feature[]): string {
  return features.map((f) => Object.values(f.properties ?? {}).join() + ('coordinates' in f.geometry ? f.geometry.coordinates : '')).join(';');
}

function spans(l: Label): Node[] {
  const title = document.createElement('b');
  title.textContent = l.title;
  const text = document.createElement('span');
  text.textContent = l.text;
  text.className = l.stale ? 'age stale' : 'age';
  return [title, text];
}

/** What the CMS sends, as the pages read it. Null means: not told. */
export type Names = Partial<Record<'fr' | 'nl' | 'en' | 'de', string>>;

export interface Site {
  name: string; lat: number; lon: number; zone: string; now: string; speed: number;
  sunrise: string | null; sunset: string | null; dawn: string | null; dusk: string | null;
}
export interface Street {
  id: string; names: Names; line: [number, number][]; width_m: number;
  lamp_ids: string[]; bay_ids: string[];
}
export interface LampType {
  id: string; power_w_max: number; curve: [number, number][]; floor_percent: number | null;
}
export type Health = 'ok' | 'fault' | 'silent' | 'unpowered' | 'unmanaged' | 'unknown';
export type Reason = 'default' | 'calendar' | 'program' | 'astro' | 'dynamic' | 'override' | 'floor'
  | 'feeder_off' | 'boot';
export interface Lamp {
  id: string; names: Names; lat: number; lon: number; bearing_deg: number | null;
  street_id: string | null; lamp_type_id: string | null;
  level_percent: number | null; target_percent: number | null; light_percent: number | null;
  power_w: number | null; reported_at: string | null; age_s: number | null;
  health: Health; reason: Reason | null; override_id: string | null; node_id: string | null;
  gateway_id: string | null; feeder_id: string | null; group_ids: string[];
  calendar_id: string | null;
}
export type BayState = 'vacant' | 'occupied' | 'unknown' | 'closed';
export interface Bay {
  id: string; names: Names; lat: number; lon: number; bearing_deg: number | null;
  street_id: string | null; kind: string | null; state: BayState;
  confidence_percent: number | null; since: string | null; reported_at: string | null;
  age_s: number | null;
}
/** What left a bench with a receipt: planned until its node is heard. */
export interface Receipt {
  id: string; asset_id: string; state: 'planned' | 'installed'; kind: string | null;
  lat: number | null; lon: number | null; flashed_at: string | null; laptop: string | null;
}
export type Stage = 'asked' | 'sent' | 'acknowledged' | 'seen';
export interface Override {
  id: string; lamp_ids: string[]; group_ids: string[]; level_percent: number;
  starts_at: string | null; expires_at: string | null; rank: string; reason: string | null;
  state: 'pending' | 'active' | 'released' | 'expired' | 'refused'; reached: number; total: number;
  by: string | null; created_at: string; stages: Record<Stage, number>;
  lamps: { lamp_id: string; stage: Stage; why: string | null }[];
}
export interface Step { at: string; level_percent: number; ramp_s?: number }
export type Period =
  | { kind: 'astro'; on_offset_min: number; off_offset_min: number }
  | { kind: 'absolute'; from: string; to: string };
export interface Dynamic {
  sensor: string; operation: string; level_percent: number; hold_s: number;
}
export interface Program {
  id?: string; name: string; steps: Step[]; active_periods: Period[]; dynamic: Dynamic[];
}
export interface Rule { program_id: string; from?: string | null; to?: string | null; days?: string[] }
export interface Calendar {
  id?: string; name: string; default_program_id: string | null; rules: Rule[];
}
export interface Assignment {
  id: string; calendar_id: string; state: 'pending' | 'done' | 'partly'; reached: number;
  total: number; failed: { lamp_id: string; why: string | null }[]; created_at: string;
}
export interface Preview {
  date: string; points: { at: string; level_percent: number; reason: string }[]; ends_at: string;
  sunset: string | null; sunrise: string | null; dusk: string | null; dawn: string | null;
  energy_kwh: number | null;
}
export interface Group { id: string; name: string; lamp_ids: string[] }
export interface Feeder {
  id: string; names: Names; cabinet_id?: string | null; mains?: string | null;
  expected_on?: boolean | null;
}
export interface Alarm {
  id: string; kind: string; severity: 'urgent' | 'high' | 'normal'; asset_id: string | null;
  started_at: string; ended_at: string | null; acknowledged_by: string | null;
  acknowledged_at: string | null;
}
export interface Why {
  /** In every language, and in the one asked for. */
  sentences?: Names; sentence: Names | string;
  chain: { rule: string; value: string | number | null; since: string | null; by: string | null }[];
}
export interface Driver {
  id: string; reported_at: string | null; age_s: number | null; values: Record<string, string | number>;
}
export interface Me { name: string; role: string }
export interface FieldError { field: string; rule: string; got: unknown }

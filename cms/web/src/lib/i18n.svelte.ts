/** Messages in four languages, with plurals; numbers and times by Intl. */
import type en from '../messages/en.json';
import type { Names } from './types.ts';

export type Key = keyof typeof en;
export type Lang = 'fr' | 'nl' | 'en' | 'de';
type Message = string | { one: string; other: string };
export type Values = Record<string, string | number>;

export const LANGS: Record<Lang, string> = {
  fr: 'Français', nl: 'Nederlands', en: 'English', de: 'Deutsch',
};
type Messages = Record<Key, Message>;

/** Each language is a file of its own: nobody reads four at once. */
const FILES: Record<Lang, () => Promise<{ default: Messages }>> = {
  fr: () => import('../messages/fr.json'), nl: () => import('../messages/nl.json'),
  en: () => import('../messages/en.json'), de: () => import('../messages/de.json'),
};
const LOCALES: Record<Lang, string> = { fr: 'fr-BE', nl: 'nl-BE', en: 'en-GB', de: 'de-BE' };

function firstLang(): Lang {
  const kept = localStorage.getItem('lang');
  const wanted = [kept, ...navigator.languages].map((l) => l?.slice(0, 2));
  return (wanted.find((l) => l && l in LANGS) as Lang | undefined) ?? 'en';
}

class Speech {
  lang = $state<Lang>(firstLang());
  messages = $state.raw<Messages>({} as Messages);

  get locale() {
    return LOCALES[this.lang];
  }

  /** Reads the words; the pages begin when they are there. */
  async load(lang: Lang) {
    const words = await FILES[lang]();
    this.messages = words.default;
    this.lang = lang;
    document.documentElement.lang = lang;
  }

  async set(lang: Lang) {
    localStorage.setItem('lang', lang);
    await this.load(lang);
  }
}

export const speech = new Speech();
const plurals = new Map<string, Intl.PluralRules>();

function pluralOf(n: number): string {
  let rules = plurals.get(speech.lang);
  if (!rules) plurals.set(speech.lang, (rules = new Intl.PluralRules(speech.lang)));
  return rules.select(n);
}

/** The message of a key; {n} chooses the plural, numbers are written as the language does. */
export function t(key: Key, values: Values = {}): string {
  const message = speech.messages[key];
  let text: string;
  if (typeof message === 'string') text = message;
  else text = pluralOf(Number(values.n)) === 'one' ? message.one : message.other;
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return typeof value === 'number' ? number(value) : (value ?? '');
  });
}

/** A message named at run time, such as a reason the CMS gave; the word itself when unknown. */
export function word(prefix: string, name: string | null | undefined): string {
  if (!name) return '–';
  const key = `${prefix}.${name}`;
  return key in speech.messages ? t(key as Key) : name.replaceAll('_', ' ');
}

const formats = new Map<string, Intl.NumberFormat>();

export function number(value: number, digits = 0): string {
  const key = `${speech.lang}${digits}`;
  let format = formats.get(key);
  if (!format) {
    const form = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    formats.set(key, (format = new Intl.NumberFormat(speech.locale, form)));
  }
  return format.format(value);
}

/** A name in the language of the page, else the nearest that there is. */
export function named(names: Names | null | undefined, fallback = ''): string {
  return names?.[speech.lang] || names?.fr || names?.nl || names?.en || names?.de || fallback;
}

/** The other official name, where a street has two. */
export function otherName(names: Names): string {
  const main = named(names);
  return [names.nl, names.fr].find((n) => n && n !== main) ?? '';
}

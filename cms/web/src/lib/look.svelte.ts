/** Dark or light: by the system, or as chosen here. */

export type Theme = 'system' | 'light' | 'dark';
const dark = matchMedia('(prefers-color-scheme: dark)');

class Look {
  theme = $state<Theme>((localStorage.getItem('theme') as Theme | null) ?? 'system');
  systemDark = $state(dark.matches);

  constructor() {
    dark.addEventListener('change', () => { this.systemDark = dark.matches; });
    this.#show();
  }

  get isDark() {
    return this.theme === 'dark' || (this.theme === 'system' && this.systemDark);
  }

  set(theme: Theme) {
    this.theme = theme;
    localStorage.setItem('theme', theme);
    this.#show();
  }

  #show() {
    if (this.theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
  }
}

export const look = new Look();

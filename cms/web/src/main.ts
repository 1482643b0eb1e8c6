import { mount } from 'svelte';
import './tokens.css';
import './frame.css';
import App from './App.svelte';
import { speech } from './lib/i18n.svelte.ts';

await speech.load(speech.lang);
mount(App, { target: document.getElementById('app')! });

/**
 * Codes in a camera's picture, read by ZXing.
 *
 * Browsers that have a detector of their own have it not everywhere (none on an iPhone), and some
 * fetch it when it is first used, where a crew may have no network. This one is kept with the pages.
 */
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url';

const FORMATS = ['QRCode', 'DataMatrix', 'Code128'] as const;
const WIDTH_MAX = 1280;

export type Reader = (video: HTMLVideoElement) => Promise<string | null>;

/** Loads what reads codes; what it gives finds the first code in the present picture, or null. */
export async function reader(): Promise<Reader> {
  const { prepareZXingModule, readBarcodes } = await import('zxing-wasm/reader');
  await prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true });
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!pen) throw new Error('no canvas');
  return async (video) => {
    const scale = Math.min(1, WIDTH_MAX / video.videoWidth);
    const [width, height] = [Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale)];
    if (!width || !height) return null;
    [pen.canvas.width, pen.canvas.height] = [width, height];
    pen.drawImage(video, 0, 0, width, height);
    const found = await readBarcodes(pen.getImageData(0, 0, width, height), { formats: [...FORMATS], maxNumberOfSymbols: 1 });
    return found[0]?.text || null;
  };
}

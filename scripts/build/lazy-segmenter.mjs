/**
 * Stands for `Intl.Segmenter` in the bundle. A dozen packages make one as soon as they are loaded, and the first loads Unicode data, which
 * takes longer than drawing a screen: here it is made when the first text is split.
 */
export class LazySegmenter {
  #options;
  #segmenter;

  constructor(...options) {
    this.#options = options;
  }

  segment(text) {
    this.#segmenter ??= new globalThis.Intl.Segmenter(...this.#options);
    return this.#segmenter.segment(text);
  }
}

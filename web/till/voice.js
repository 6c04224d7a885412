/**
 * Says aloud what was paid. A register without a voice stays silent, and nothing else happens.
 */

/**
 * @param {string} text
 * @param {'zh' | 'en'} language
 * @returns {boolean} Whether it was handed to a voice.
 */
export function say(text, language) {
  try {
    const { speechSynthesis: voice, SpeechSynthesisUtterance: Utterance } = globalThis;
    if (!voice || !Utterance) return false;
    const words = new Utterance(text);
    words.lang = language === 'zh' ? 'zh-CN' : 'en-US';
    // The newest announcement counts; a queue of old ones would confuse.
    voice.cancel();
    voice.speak(words);
    return true;
  } catch {
    return false;
  }
}

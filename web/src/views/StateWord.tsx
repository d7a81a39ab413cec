/** A state in its word, toned by colour and by a mark before it, so that neither is the only sign. */

import type { Saying, Tone } from '../calc/words.ts';

const MARKS = { good: '●', wary: '◐', bad: '▲', quiet: '○' } as const;

export function StateWord(props: { saying: Saying<Tone | 'quiet'> }) {
  return (
    <span class={`state ${props.saying.tone}`} title={props.saying.explanation}>
      <span class="mark" aria-hidden="true">
        {MARKS[props.saying.tone]}
      </span>
      {props.saying.word}
    </span>
  );
}

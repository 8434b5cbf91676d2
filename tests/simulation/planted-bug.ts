/** A mistake that somebody could make, as a change of the sources. */
export interface PlantedBug {
  readonly what: string;
  readonly file: string;
  /** Stands there once, exactly. */
  readonly from: string;
  readonly to: string;
  /** How many seeds it may need, where 400 are too few. */
  readonly seeds?: number;
}

const joulesAKilowattHour = 3.6e6;

/** `512 J`, `41.2 kJ (0.0114 kWh)`: joules for the physicist, kilowatt-hours for the bill. */
export function energyUnits(joules: number): string {
  return joules < 1000 ? shortEnergy(joules) : `${shortEnergy(joules)} (${kilowattHours(joules)})`;
}

/** `41.2 kJ` */
export function shortEnergy(joules: number): string {
  const [value, unit] =
    joules < 1000 ? [joules, 'J'] : joules < 1e6 ? [joules / 1e3, 'kJ'] : [joules / 1e6, 'MJ'];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

/** `0.0114 kWh` */
export function kilowattHours(joules: number): string {
  return `${Number((joules / joulesAKilowattHour).toPrecision(3))} kWh`;
}

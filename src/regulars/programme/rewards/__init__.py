from dataclasses import dataclass
@dataclass(frozen=True)
class Reward:
    code: str
@dataclass(frozen=True)
class Holder:
    a: int
    b: object
@dataclass(frozen=True)
class Shelf:
    a: object
    b: object
    c: object
def check_rewards(r, tiers): ...

"""Salons: events with places, which members sign up for, wait for, pay with points, and are checked in to by a code.

The invariant: never more places are taken than there are, and none is free while somebody waits who can have it; points paid
for a place that is given up in time come back.

    salon = open_salon(tx, NewSalon("tea", "Tea tasting", "品茶会", …, capacity=12), at=now, by="ada")
    signup = sign_up(tx, salon.salon_id, holder, at=now)  # booked, or waiting
    cancel(tx, signup.signup_id, at=now, by="ada")  # the next who waits has the place
    check_in(tx, salon.salon_id, "7KMQ-…", at=now, by="ada")
"""

from regulars.programme.salons._queries import Salon, Signup, State
from regulars.programme.salons._rules import BadSalon, NewSalon, check_salon, shown_key
from regulars.programme.salons._salons import (
    SalonExists,
    by_day,
    call_off,
    change_capacity,
    open_salon,
    salon,
    salon_coded,
    salons,
)
from regulars.programme.salons._signups import (
    NotSignedUp,
    SalonFull,
    SalonNotFound,
    SalonRefused,
    SignupEnded,
    SignupNotFound,
    cancel,
    check_in,
    sign_up,
    signup,
    signups,
    signups_of,
)

__all__ = [
    "BadSalon",
    "NewSalon",
    "NotSignedUp",
    "Salon",
    "SalonExists",
    "SalonFull",
    "SalonNotFound",
    "SalonRefused",
    "Signup",
    "SignupEnded",
    "SignupNotFound",
    "State",
    "by_day",
    "call_off",
    "cancel",
    "change_capacity",
    "check_in",
    "check_salon",
    "open_salon",
    "salon",
    "salon_coded",
    "salons",
    "shown_key",
    "sign_up",
    "signup",
    "signups",
    "signups_of",
]

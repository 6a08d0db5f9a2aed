"""The people of the tests, and what is known of them.

Ada buys often and is rich in points. Ben is new. Cleo sends things back. Dan owes points. Guests have no name.
"""

ADA = "ada"
BEN = "ben"
CLEO = "cleo"
DAN = "dan"

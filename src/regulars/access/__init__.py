"""Who may do what: operators and their sessions, API keys, roles, and the answers kept for repeated requests.

The invariant: nothing stored here lets anyone in. Passwords are argon2id hashes; sessions and API keys are 256 random
bits of which only the SHA-256 is kept, shown once. The last owner can be neither demoted nor removed.

    access.add_operator(tx, email="ada@shop.example", name="Ada", role=Role.OWNER, password=password, at=now)
    result = access.sign_in(tx, email="ada@shop.example", password=password, at=now)  # SignedIn, or why not
    session = access.session(tx, token, at=now)  # None once it has expired
    access.require(session.role, Permission.SPEND)
"""

from regulars.access._answers import (
    Answer,
    AnswerPending,
    Request,
    RequestReused,
    fingerprint,
    recall,
    recall_all,
    remember,
    remember_all,
)
from regulars.access._keys import IssuedKey, Key, KeyNotFound, find_key, issue_key, keys, revoke_key
from regulars.access._operators import (
    LastOwner,
    MalformedEmail,
    Operator,
    OperatorExists,
    OperatorNotFound,
    UnusableName,
    UnusablePassword,
    add_operator,
    change_password,
    change_role,
    find_operator,
    operators,
    remove_operator,
)
from regulars.access._rules import (
    PERMISSIONS,
    NotAllowed,
    Permission,
    Role,
    failures_after,
    new_password,
    require,
    retry_at,
)
from regulars.access._sessions import (
    Session,
    SignedIn,
    SignInRefused,
    TooManyAttempts,
    WrongPassword,
    forget_expired,
    session,
    sign_in,
    sign_out,
)

__all__ = [
    "PERMISSIONS",
    "Answer",
    "AnswerPending",
    "IssuedKey",
    "Key",
    "KeyNotFound",
    "LastOwner",
    "MalformedEmail",
    "NotAllowed",
    "Operator",
    "OperatorExists",
    "OperatorNotFound",
    "Permission",
    "Request",
    "RequestReused",
    "Role",
    "Session",
    "SignInRefused",
    "SignedIn",
    "TooManyAttempts",
    "UnusableName",
    "UnusablePassword",
    "WrongPassword",
    "add_operator",
    "change_password",
    "change_role",
    "failures_after",
    "find_key",
    "find_operator",
    "fingerprint",
    "forget_expired",
    "issue_key",
    "keys",
    "new_password",
    "operators",
    "recall",
    "recall_all",
    "remember",
    "remember_all",
    "remove_operator",
    "require",
    "retry_at",
    "revoke_key",
    "session",
    "sign_in",
    "sign_out",
]

select period, member_id, 1 as part
from begun

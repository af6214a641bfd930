"""Words that say nothing good or bad themselves but change or frame what stands beside them.

Each cue is one bit, so that the cues of a word are one number.
"""

NEGATION = 1  # not, nobody, without
BOOST = 2  # very, completely
SOFTEN = 4  # a bit, rather
CONTRAST = 8  # but, however: begins a clause
REQUEST = 16  # please, should, it would help
QUESTION = 32  # when, how, whether
WHY = 64  # why: a question that is mostly a complaint
WAIT = 128  # weeks, still, for the third time
FACT = 256  # since 2015, we sell, employees
THANKS = 512  # thank you
IRONY = 1024  # as always, congratulations
UP = 2048  # rises, high, more
DOWN = 4096  # falls, low, less
GOOD = 8192  # good when there is much of it: margin, quality
BAD = 16384  # bad when there is much of it: price, delay
LINK = 32768  # that, which, because: a comma before it does not end the clause
JOIN = 65536  # and, while: may part opposite judgements
TURN = 524288  # however: begins a clause where something has been judged before it
PLAIN = 131072  # "not only": looks like a negation and is none
RESTRICT = 1048576  # only, nothing but: what is offered falls short
BURDEN = 2097152  # have to, ourselves: the work is left to the partner
RIVAL = 4194304  # other vendors, competitors
ADDRESS = 8388608  # you, your: speaks of what the vendor does
OURSELVES = 16777216  # we do: speaks of what the writer does
QUICK = 67108864  # within an hour, the same day
EVENT = 33554432  # was cut, has been changed: something was done to the writer
DESPITE = 262144  # although, despite: the judgement beside it gives way

# Not cues of a list, but of a word as it stands in a text.
SPEAKS = 134217728  # it says good or bad, or may begin what does
CAPITAL = 268435456  # written in capitals

READ = SPEAKS | NEGATION | BOOST | SOFTEN | UP | DOWN | GOOD | BAD | JOIN  # read while judging

BY_NAME = {
    "negation": NEGATION,
    "boost": BOOST,
    "soften": SOFTEN,
    "contrast": CONTRAST,
    "turn": TURN,
    "restrict": RESTRICT,
    "burden": BURDEN,
    "rival": RIVAL,
    "address": ADDRESS,
    "ourselves": OURSELVES,
    "event": EVENT,
    "quick": QUICK,
    "request": REQUEST,
    "question": QUESTION,
    "why": WHY,
    "wait": WAIT,
    "fact": FACT,
    "thanks": THANKS,
    "irony": IRONY,
    "up": UP,
    "down": DOWN,
    "good": GOOD,
    "bad": BAD,
    "link": LINK,
    "join": JOIN,
    "plain": PLAIN,
    "despite": DESPITE,
}

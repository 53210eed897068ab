"""Values that a program easily changes."""

# Members as a compact encoder writes them, so that input and output are the same text.
ODD = ",".join([
    '"zeta":1,"alpha":2,"Mu":3', '"ok":true,"type":"large"', '"":null', '"a.b/c~d[0]":{"x":[[],{},[{}]]}',
    '"huge":1e400,"tiny":-1E-400,"plus":1E+2,"zeros":1.500,"minusZero":-0,"minusZeroPoint":-0.0',
    '"exact":0.1000000000000000055,"twenty":12345678901234567890,"negative":-98765432109876543210',
    '"long":' + "1234567890" * 12,
    '"twice":1,"between":0,"twice":{"twice":[],"twice":"b"}', '"same":1,"same":1',
    '"astral":"\U0001F600\U0010FFFF","bmp":"é€\\u2028\\u2029\ufeff","nonCharacter":"\uffff\ufdd0"',
    '"decomposed":"e\u0301","composed":"\u00e9","e\u0301":1,"\u00e9":2',
    '"joined":"\U0001F469\u200d\U0001F4BB"',
    '"escapes":"\\"\\\\/\\n\\r\\t\\u0000\\u0001\\u001f\\u007f\\u0080\\u009f\\u202e"', '"half":"\\ud800","\\udfff":"x\\uDBFFy"',
    '"\\ud801":1,"\\\\ud801":2', '"html":"</script>&amp;","ansi":"\\u001b[31m"', '"空":"値","ключ":"значение"',
])

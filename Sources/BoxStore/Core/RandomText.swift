/// Random text for ids and secrets, from the system's generator.
package enum RandomText {
    /// - Parameter count: the number of random bytes. Each gives two hexadecimal digits.
    package static func hex(bytes count: Int) -> String {
        let digits = StaticString("0123456789abcdef").utf8Start
        var generator = SystemRandomNumberGenerator()
        return String(unsafeUninitializedCapacity: 2 * count) { buffer in
            var word: UInt64 = 0
            for index in 0..<count {
                // Each call of the generator is a system call, so it reads eight bytes at a time.
                if index % 8 == 0 { word = generator.next() }
                buffer[2 * index] = digits[Int(word >> 4 & 15)]
                buffer[2 * index + 1] = digits[Int(word & 15)]
                word >>= 8
            }
            return 2 * count
        }
    }
}

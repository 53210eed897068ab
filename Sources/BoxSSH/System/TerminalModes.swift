internal import CSSH2
import Glibc

/// Terminal modes in wire form (RFC 4254, section 8): an opcode and a number each, ended by 0.
enum TerminalModes {
    /// The modes that fit into `limit` bytes, most noticeable first. A mode that isn't sent keeps the server's default.
    static func encode(_ modes: termios, limit: Int) -> [UInt8] {
        var modes = modes
        var out: [UInt8] = []
        for (opcode, value) in entries(&modes) where out.count + 5 < limit {
            out.append(opcode)
            withUnsafeBytes(of: value.bigEndian) { out.append(contentsOf: $0) }
        }
        return out + [0]
    }

    private static func entries(_ modes: inout termios) -> [(UInt8, UInt32)] {
        let characters = withUnsafeBytes(of: modes.c_cc) { Array($0) }
        func character(_ opcode: UInt8, _ index: Int32) -> (UInt8, UInt32) {
            let value = characters[Int(index)]
            // "None" is 255 on the wire and 0 in Linux.
            return (opcode, value == 0 ? 255 : UInt32(value))
        }
        func flag(_ opcode: UInt8, _ set: tcflag_t, _ flag: Int32) -> (UInt8, UInt32) {
            (opcode, set & tcflag_t(flag) != 0 ? 1 : 0)
        }
        let (input, local, output, control) = (modes.c_iflag, modes.c_lflag, modes.c_oflag, modes.c_cflag)
        let size = control & tcflag_t(CSIZE)
        return [
            character(1, VINTR), character(2, VQUIT), character(3, VERASE), character(4, VKILL), character(5, VEOF),
            character(10, VSUSP), character(13, VWERASE), character(14, VLNEXT), character(12, VREPRINT),
            character(8, VSTART), character(9, VSTOP), character(6, VEOL), character(7, VEOL2), character(18, VDISCARD),
            flag(42, input, IUTF8), flag(36, input, ICRNL), flag(38, input, IXON), flag(39, input, IXANY),
            flag(40, input, IXOFF), flag(34, input, INLCR), flag(35, input, IGNCR), flag(41, input, IMAXBEL),
            flag(50, local, ISIG), flag(51, local, ICANON), flag(53, local, ECHO), flag(54, local, ECHOE),
            flag(55, local, ECHOK), flag(56, local, ECHONL), flag(59, local, IEXTEN), flag(60, local, ECHOCTL),
            flag(61, local, ECHOKE), flag(57, local, NOFLSH), flag(58, local, TOSTOP),
            flag(70, output, OPOST), flag(72, output, ONLCR), flag(73, output, OCRNL),
            (91, size == tcflag_t(CS8) ? 1 : 0), (128, baudRate(cfgetispeed(&modes))),
            (129, baudRate(cfgetospeed(&modes))),
            flag(74, output, ONOCR), flag(75, output, ONLRET), flag(33, input, ISTRIP), flag(92, control, PARENB),
            flag(30, input, IGNPAR), flag(93, control, PARODD), (90, size == tcflag_t(CS7) ? 1 : 0),
            flag(31, input, PARMRK), flag(32, input, INPCK), flag(62, local, PENDIN),
        ]
    }

    private static func baudRate(_ speed: speed_t) -> UInt32 {
        let rates: [speed_t: UInt32] = [
            speed_t(B9600): 9600, speed_t(B19200): 19200, speed_t(B38400): 38400, speed_t(B57600): 57600,
            speed_t(B115200): 115200, speed_t(B230400): 230400,
        ]
        return rates[speed] ?? 38400
    }
}

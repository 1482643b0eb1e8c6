#define MICROPY_HW_BOARD_NAME "Lamplighter node"
#define MICROPY_HW_MCU_NAME "ESP32"
// Images lie in a partition of the type ROMFS and run from there.
#define MICROPY_VFS_ROM (1)
#define MICROPY_VFS_ROM_IOCTL (1)

"""What MicroPython runs once its file system stands: the node, from the light on."""

import boot

boot.run()

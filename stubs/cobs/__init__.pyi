from cobs import cobs as cobs
